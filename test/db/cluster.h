/* A private PostgreSQL for one test program: its own temporary directory, a Unix socket, an unprivileged user. */
#pragma once

#include <glib.h>

typedef struct {
  char *bin;  /* where initdb and pg_ctl are */
  char *dir;  /* data and socket */
  char *conninfo; /* the owner's, database postgres */
} Cluster;

/* Makes and starts one; aborts with the tool's words when that fails. */
Cluster *cluster_new(void);
void cluster_free(Cluster *cluster);
/* mode: "fast", "immediate". */
void cluster_stop(const Cluster *cluster, const char *mode);
void cluster_start(const Cluster *cluster);
/* A connection string for one of its databases. Free with g_free. */
char *cluster_conninfo(const Cluster *cluster, const char *database);
