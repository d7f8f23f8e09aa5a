/* SPDX-License-Identifier: MIT */
/* The other side of echo: sends lines to an echo server and compares what comes back. */
#pragma once

/*
 * `to` is ADDRESS:PORT. Sends `count` messages by TCP and by UDP. The exit status: 0 if each came
 * back.
 */
int client_run(const char *to, int count);
