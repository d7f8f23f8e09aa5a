/* SPDX-License-Identifier: MIT */
/* The ends of a TCP connection that is measured: sockets and nothing but POSIX. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What arrived, and how long that took. */
struct stream_result {
	long long bytes, us;
};

int stream_listen(int port);	 /* -1 and errno */
int stream_accept(int listener); /* waits until there is one */
/* A line without its end; false when there is none, or it is longer than size - 1. */
bool stream_read_line(int fd, char *line, size_t size);
void stream_answer(int fd, const struct stream_result *result);

/* The serving ends: until the other's end, or for so long. */
void stream_sink(int fd);
void stream_source(int fd, int seconds);

/* The measuring ends; false when there is no connection or no answer. */
bool stream_send(const char *address, int port, int seconds, struct stream_result *result);
bool stream_receive(const char *address, int port, int seconds, struct stream_result *result);
/* Has the server there do it. */
bool stream_ask(const char *address, int port, const char *request, struct stream_result *result);
