#include <stdio.h>

int main(void) {
  puts("gatepost");
  return 0;
}
