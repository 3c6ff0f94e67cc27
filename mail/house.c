#include "mail/house.h"

void mail_house_free(MailHouse *house) {
  if (house == NULL)
    return;
  g_free(house->name);
  g_clear_pointer(&house->templates, g_ptr_array_unref);
  g_strfreev(house->domains);
  g_free(house->groups);
  g_free(house->ranks);
  g_free(house);
}

const MailTemplate *mail_house_template(const MailHouse *house, gint64 mail_group_id) {
  for (guint i = 0; i < house->templates->len; i++) {
    const MailTemplate *item = house->templates->pdata[i];
    if (item->mail_group_id == mail_group_id)
      return item;
  }
  return NULL;
}
