/* `gatepost doctor`: what is well, what will hurt, what is broken, each with one command. At most five seconds. */
#pragma once

#include "cmd/verbs.h"

int verb_doctor(App *app, const VerbCall *call, GError **error);

typedef enum { DOCTOR_GOOD, DOCTOR_WARNING, DOCTOR_BROKEN } DoctorState;

typedef struct Doctor Doctor;

/* Adds one line. code 0: none. Title, meaning and command of a bad one come from `gatepost explain`. */
void doctor_find(Doctor *doctor, DoctorState state, int code, const char *format, ...) G_GNUC_PRINTF(4, 5);
/* The lines that follow belong to this group (static text). */
void doctor_group(Doctor *doctor, const char *group);

/* The checks (cmd/doctor_checks.c, cmd/doctor_saml.c). */
void doctor_check_host(Doctor *doctor);
void doctor_check_web(Doctor *doctor, const Settings *settings);
void doctor_check_database(Doctor *doctor, const Settings *settings);
/* Nothing where nobody signs in by SAML. */
void doctor_check_saml(Doctor *doctor, const Settings *settings);
