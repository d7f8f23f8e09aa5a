/* SPDX-License-Identifier: MIT */
/* What lwIP asks of a system: semaphores, mailboxes, threads and time, over the guest's own. */

#include "lwip/sys.h"

#include <stdlib.h>
#include <sys/random.h>

#include "guest/clock.h"
#include "guest/console.h"
#include "guest/irq.h"
#include "guest/lock.h"
#include "guest/panic.h"
#include "guest/spinlock.h"
#include "guest/thread.h"
#include "lwip/err.h"
#include "net/checksum.h"
#include "net/lwip/lwipopts.h"

/* --- Short critical sections ----------------------------------------------------------------- */

/* lwIP nests these; only the outermost pair takes the lock and lets go of it. */
static SPINLOCK(protection);

#define PROTECTED 2 /* no state that spin_lock_save returns */

sys_prot_t sys_arch_protect(void)
{
	unsigned long flags = irq_save();

	if (spin_held(&protection))
		return PROTECTED;
	spin_lock(&protection);
	return flags;
}

void sys_arch_unprotect(sys_prot_t state)
{
	if (state != PROTECTED)
		spin_unlock_restore(&protection, state);
}

/* --- Semaphores and mutexes ------------------------------------------------------------------ */

err_t sys_sem_new(sys_sem_t *sem, u8_t count)
{
	*sem = net_heap_alloc(sizeof(**sem));
	if (!*sem)
		return ERR_MEM;
	semaphore_init(*sem, count);
	return ERR_OK;
}

void sys_sem_free(sys_sem_t *sem)
{
	net_heap_free(*sem);
}

void sys_sem_signal(sys_sem_t *sem)
{
	semaphore_up(*sem);
}

static u32_t elapsed_ms(ns_t since)
{
	return (u32_t)((clock_ns() - since) / NS_PER_MS);
}

/* 0: without limit, as in sys_arch_mbox_fetch. */
static ns_t deadline_of(u32_t timeout_ms)
{
	return timeout_ms ? clock_deadline(timeout_ms * NS_PER_MS) : NS_FOREVER;
}

u32_t sys_arch_sem_wait(sys_sem_t *sem, u32_t timeout_ms)
{
	ns_t start = clock_ns();

	if (!semaphore_down_until(*sem, deadline_of(timeout_ms)))
		return SYS_ARCH_TIMEOUT;
	return elapsed_ms(start);
}

err_t sys_mutex_new(sys_mutex_t *mutex)
{
	*mutex = net_heap_alloc(sizeof(**mutex));
	if (!*mutex)
		return ERR_MEM;
	mutex_init(*mutex);
	return ERR_OK;
}

void sys_mutex_free(sys_mutex_t *mutex)
{
	net_heap_free(*mutex);
}

void sys_mutex_lock(sys_mutex_t *mutex)
{
	mutex_lock(*mutex);
}

void sys_mutex_unlock(sys_mutex_t *mutex)
{
	mutex_unlock(*mutex);
}

/* --- Mailboxes: bounded queues of pointers --------------------------------------------------- */

struct sys_mbox {
	struct wait_queue readers, writers;
	struct spinlock lock;
	u32_t head, tail, size; /* lock; size is a power of two */
	void *slots[];
};

err_t sys_mbox_new(sys_mbox_t *mbox, int size)
{
	u32_t slots = 8;

	while (slots < (u32_t)size)
		slots *= 2;
	*mbox = net_heap_alloc(sizeof(**mbox) + slots * sizeof(void *));
	if (!*mbox)
		return ERR_MEM;
	wait_queue_init(&(*mbox)->readers);
	wait_queue_init(&(*mbox)->writers);
	(*mbox)->lock = SPINLOCK_INIT;
	(*mbox)->head = (*mbox)->tail = 0;
	(*mbox)->size = slots;
	return ERR_OK;
}

void sys_mbox_free(sys_mbox_t *mbox)
{
	net_heap_free(*mbox);
}

static bool mbox_put(struct sys_mbox *mbox, void *msg)
{
	unsigned long flags = spin_lock_save(&mbox->lock);
	bool room = mbox->tail - mbox->head < mbox->size;

	if (room) {
		mbox->slots[mbox->tail++ & (mbox->size - 1)] = msg;
		wake_one(&mbox->readers);
	}
	spin_unlock_restore(&mbox->lock, flags);
	return room;
}

static bool mbox_get(struct sys_mbox *mbox, void **msg)
{
	unsigned long flags = spin_lock_save(&mbox->lock);
	bool some = mbox->head != mbox->tail;

	if (some) {
		void *value = mbox->slots[mbox->head++ & (mbox->size - 1)];

		if (msg)
			*msg = value;
		wake_one(&mbox->writers);
	}
	spin_unlock_restore(&mbox->lock, flags);
	return some;
}

void sys_mbox_post(sys_mbox_t *mbox, void *msg)
{
	wait_event(&(*mbox)->writers, mbox_put(*mbox, msg));
}

err_t sys_mbox_trypost(sys_mbox_t *mbox, void *msg)
{
	return mbox_put(*mbox, msg) ? ERR_OK : ERR_MEM;
}

err_t sys_mbox_trypost_fromisr(sys_mbox_t *mbox, void *msg)
{
	return sys_mbox_trypost(mbox, msg);
}

u32_t sys_arch_mbox_fetch(sys_mbox_t *mbox, void **msg, u32_t timeout_ms)
{
	ns_t start;

	if (mbox_get(*mbox, msg))
		return 0;
	start = clock_ns();
	if (!wait_event_until(&(*mbox)->readers, mbox_get(*mbox, msg), deadline_of(timeout_ms)))
		return SYS_ARCH_TIMEOUT;
	return elapsed_ms(start);
}

u32_t sys_arch_mbox_tryfetch(sys_mbox_t *mbox, void **msg)
{
	return mbox_get(*mbox, msg) ? 0 : SYS_MBOX_EMPTY;
}

/* --- Threads, time, chance ------------------------------------------------------------------- */

sys_thread_t sys_thread_new(const char *name, lwip_thread_fn fn, void *arg, int stack_size,
			    int priority)
{
	return thread_create(name, fn, arg, (size_t)stack_size);
}

void sys_init(void) {}

u32_t sys_now(void)
{
	return (u32_t)(clock_ns() / NS_PER_MS);
}

u32_t sys_jiffies(void)
{
	return sys_now();
}

unsigned int net_random(void)
{
	unsigned int value = 0;

	getrandom(&value, sizeof(value), 0);
	return value;
}

static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len--)
		hash = (hash ^ *p++) * 0x100000001b3ULL;
	return hash ^ hash >> 29;
}

/* RFC 6528: a clock of 4 us plus a keyed hash of who talks to whom. */
unsigned int net_tcp_isn(const void *local, unsigned short local_port, const void *remote,
			 unsigned short remote_port)
{
	static uint64_t secret[2];
	uint64_t hash;

	if (!secret[0])
		getrandom(secret, sizeof(secret), 0);
	hash = mix(secret[0], remote, 16);
	hash = mix(hash, local, 16);
	hash = mix(hash, &remote_port, sizeof(remote_port));
	hash = mix(hash, &local_port, sizeof(local_port));
	hash = mix(hash, &secret[1], sizeof(secret[1]));
	return (unsigned int)(hash >> 32) + (unsigned int)(clock_ns() / 4000);
}

unsigned short net_chksum(const void *data, int len)
{
	return checksum_fold(checksum_add(0, data, (size_t)len));
}

void net_diag(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	console_vprint(fmt, args);
	va_end(args);
}

void net_assert_failed(const char *what, const char *file, int line)
{
	panic("lwip: %s:%d: %s", file, line, what);
}
