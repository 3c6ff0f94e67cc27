/* A private PostgreSQL for one test program: its own temporary directory, a Unix socket, an unprivileged user. */
#pragma once

#include <glib.h>

typedef struct {
  char *bin;       /* where initdb and postgres are */
  char *dir;       /* data and socket */
  char *conninfo;  /* the owner's, database postgres */
  GPid postmaster; /* dies with the test program, however that ends */
} Cluster;

/* Makes and starts one; aborts with the tool's words when that fails. */
Cluster *cluster_new(void);
void cluster_free(Cluster *cluster);
/* Like a crash (pg_ctl stop -m immediate). */
void cluster_stop(Cluster *cluster);
void cluster_start(Cluster *cluster);
/* A connection string for one of its databases. Free with g_free. */
char *cluster_conninfo(const Cluster *cluster, const char *database);
