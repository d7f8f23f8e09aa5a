/* SPDX-License-Identifier: MIT */
/* Waiting for several files at once. */
#include <stdlib.h>

#include "guest/file.h"
#include "guest/panic.h"
#include "guest/thread.h"

#define QUEUES_PER_FILE 2
#define STACK_FDS       8

void poll_add(struct poller *poller, struct wait_queue *queue)
{
	ASSERT(poller->used < poller->max);
	wait_prepare(queue, &poller->entries[poller->used++]);
}

static short poll_one(struct pollfd *pfd, struct file *f, struct poller *poller)
{
	short always = POLLERR | POLLHUP;

	if (pfd->fd < 0)
		return 0;
	if (!f)
		return POLLNVAL;
	if (!f->ops->poll)
		return pfd->events & (POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
	return f->ops->poll(f, pfd->events, poller) & (pfd->events | always);
}

/* Look at all. With a poller, be on every queue afterwards, unless something is ready already. */
static int poll_scan(struct pollfd *fds, struct file **files, size_t count, struct poller *poller)
{
	int ready = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		fds[i].revents = poll_one(&fds[i], files[i], ready ? NULL : poller);
		ready += fds[i].revents != 0;
	}
	return ready;
}

static void poll_leave(struct poller *poller)
{
	while (poller->used)
		wait_finish(&poller->entries[--poller->used]);
}

/* Looks, sleeps, looks again; the last look after the deadline puts itself on no queue. */
static int poll_wait(struct pollfd *fds, struct file **files, size_t count, struct poller *poller,
		     ns_t deadline)
{
	bool late = false;
	int ready;

	if (!deadline)
		return poll_scan(fds, files, count, NULL);
	for (;;) {
		/* On the queues first, then the look: see guest/wait.h. */
		ready = poll_scan(fds, files, count, late ? NULL : poller);
		if (!ready && !late)
			late = wait_sleep(deadline);
		else
			break;
		poll_leave(poller);
	}
	poll_leave(poller);
	return ready;
}

int file_poll(struct pollfd *fds, size_t count, ns_t deadline)
{
	struct wait_entry few_entries[STACK_FDS * QUEUES_PER_FILE];
	struct file *few_files[STACK_FDS];
	struct poller poller = { .entries = few_entries, .max = count * QUEUES_PER_FILE };
	struct file **files = few_files;
	size_t i;
	int ready;

	if (count > OPEN_MAX)
		return -EINVAL;
	if (count > STACK_FDS) {
		files = malloc(count *
			       (sizeof(*files) + QUEUES_PER_FILE * sizeof(struct wait_entry)));
		if (!files)
			return -ENOMEM;
		poller.entries = (struct wait_entry *)(files + count);
	}
	for (i = 0; i < count; i++)
		files[i] = fds[i].fd < 0 ? NULL : file_get(fds[i].fd);
	ready = poll_wait(fds, files, count, &poller, deadline);
	for (i = 0; i < count; i++)
		if (files[i])
			file_put(files[i]);
	if (files != few_files)
		free(files);
	return ready;
}
