/* SPDX-License-Identifier: MIT */
/*
 * A web server: serves the files below a directory. Arguments, in any order: a number is the port
 * (80 by default), a path the directory (/ by default), `writable` allows PUT.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "serve.h"

#define WORKERS_MAX  96
#define STACK_SIZE   (16 * 1024)
#define IDLE_SECONDS 60

static int listener;

/* A worker serves one connection at a time; there are always some that wait for the next. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int workers, idle; /* with the lock */

static void start_worker(void);

static void prepare(int fd)
{
	struct timeval patience = { .tv_sec = IDLE_SECONDS };
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

static void *work(void *arg)
{
	struct connection *c = arg;

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0) {
			usleep(100000); /* out of descriptors or memory: others must finish */
			continue;
		}
		pthread_mutex_lock(&lock);
		if (--idle == 0)
			start_worker();
		pthread_mutex_unlock(&lock);
		prepare(fd);
		c->fd = fd;
		serve_connection(c);
		close(fd);
		pthread_mutex_lock(&lock);
		idle++;
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

/* With the lock. Without memory for one more, connections wait for those that there are. */
static void start_worker(void)
{
	struct connection *c = workers < WORKERS_MAX ? malloc(sizeof(*c)) : NULL;
	pthread_attr_t attr;
	pthread_t thread;

	if (!c)
		return;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, work, c) == 0) {
		workers++;
		idle++;
	} else {
		free(c);
	}
	pthread_attr_destroy(&attr);
}

static int open_listener(int port)
{
	struct sockaddr_in6 any = {
		.sin6_family = AF_INET6,
		.sin6_port = htons((unsigned short)port),
		.sin6_addr = IN6ADDR_ANY_INIT,
	};
	int fd = socket(AF_INET6, SOCK_STREAM, 0), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	close(fd);
	return -1;
}

int main(int argc, char **argv)
{
	struct connection *first; /* main is a worker, too */
	int port = 80;

	serve_root = "";
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "writable") == 0) {
			serve_writable = true;
		} else if (argv[i][0] == '/') {
			serve_root = strcmp(argv[i], "/") == 0 ? "" : argv[i];
		} else if ((port = atoi(argv[i])) < 1 || port > 65535) {
			fprintf(stderr, "httpd: %s: not a port, a path or \"writable\"\n", argv[i]);
			return 2;
		}
	}
	signal(SIGPIPE, SIG_IGN);
	first = malloc(sizeof(*first));
	listener = open_listener(port);
	if (!first || listener < 0) {
		fprintf(stderr, "httpd: port %d: %s\n", port, strerror(errno));
		return 1;
	}
	printf("httpd: port %d, %s/%s\n", port, serve_root, serve_writable ? ", writable" : "");
	fflush(stdout);
	pthread_mutex_lock(&lock);
	idle = workers = 1;
	pthread_mutex_unlock(&lock);
	work(first);
	return 1;
}
