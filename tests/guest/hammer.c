/* SPDX-License-Identifier: MIT */
/*
 * Rules: what several threads do at once on several vcpus is as if one had done it after the other:
 * no count, no block of memory, no descriptor and no byte is lost or found twice. And a lock whose
 * holder has lost its processor costs its waiters a bounded number of looks each.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "guest/clock.h"
#include "guest/console.h"
#include "guest/hypercall.h"
#include "guest/panic.h"
#include "guest/spinlock.h"
#include "guest/thread.h"
#include "guest/vcpu.h"

#define THREADS 6

static void run_all(void *(*fn)(void *number))
{
	pthread_t threads[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&threads[i], NULL, fn, (void *)i));
	for (unsigned int i = 0; i < THREADS; i++)
		CHECK(!pthread_join(threads[i], NULL));
}

/* --- Locks -------------------------------------------------------------- */

#define ROUNDS 1500

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_spinlock_t spin;
static pthread_barrier_t barrier;
static sem_t sem;

/* Plain on purpose: only the lock keeps an addition whole. */
static volatile uint64_t by_mutex, by_rwlock, by_spin, by_sem, tokens;
static unsigned int torn, serials;

static void add_slowly(volatile uint64_t *count)
{
	uint64_t before = *count;

	for (volatile int i = 0; i < 8; i++)
		;
	*count = before + 1;
}

static void take_token(void)
{
	pthread_mutex_lock(&mutex);
	while (!tokens)
		pthread_cond_wait(&cond, &mutex);
	tokens--;
	pthread_mutex_unlock(&mutex);
}

static void give_token(void)
{
	pthread_mutex_lock(&mutex);
	tokens++;
	pthread_cond_signal(&cond);
	pthread_mutex_unlock(&mutex);
}

static void *hammer(void *number)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		add_slowly(&by_mutex);
		pthread_mutex_unlock(&mutex);

		if (i % 4) {
			pthread_rwlock_rdlock(&rwlock);
			if (by_rwlock & 1)
				__atomic_fetch_add(&torn, 1, __ATOMIC_RELAXED);
			pthread_rwlock_unlock(&rwlock);
		} else {
			pthread_rwlock_wrlock(&rwlock);
			add_slowly(&by_rwlock);
			add_slowly(&by_rwlock);
			pthread_rwlock_unlock(&rwlock);
		}

		pthread_spin_lock(&spin);
		add_slowly(&by_spin);
		pthread_spin_unlock(&spin);

		sem_wait(&sem);
		add_slowly(&by_sem);
		sem_post(&sem);

		if ((uintptr_t)number % 2)
			give_token();
		else
			take_token();
		if (i % 100 == 0 && pthread_barrier_wait(&barrier))
			__atomic_fetch_add(&serials, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

void test_locks(void)
{
	CHECK(!sem_init(&sem, 0, 1));
	CHECK(!pthread_spin_init(&spin, 0));
	CHECK(!pthread_barrier_init(&barrier, NULL, THREADS));
	run_all(hammer);
	CHECK(by_mutex == THREADS * ROUNDS);
	CHECK(by_spin == THREADS * ROUNDS);
	CHECK(by_sem == THREADS * ROUNDS);
	CHECK(by_rwlock == THREADS * ROUNDS / 4 * 2);
	CHECK(!torn && !tokens);
	CHECK(serials == ROUNDS / 100);
	CHECK(!pthread_barrier_destroy(&barrier));
}

/* --- Memory and descriptors --------------------------------------------- */

static void *churn_heap(void *number)
{
	enum { BLOCKS = 16 };
	unsigned int seed = (unsigned int)(uintptr_t)number + 1;
	unsigned char *block[BLOCKS] = { NULL };
	size_t size[BLOCKS] = { 0 };

	for (unsigned int i = 0; i < 3000; i++) {
		unsigned int at = (unsigned int)rand_r(&seed) % BLOCKS;
		unsigned char mark = (unsigned char)((uintptr_t)number * 16 + at);

		if (block[at] && (block[at][0] != mark || block[at][size[at] - 1] != mark))
			CHECK(!"another's block");
		free(block[at]);
		size[at] = 1 + (unsigned int)rand_r(&seed) % (i % 64 ? 500 : 20000);
		block[at] = malloc(size[at]);
		if (block[at])
			memset(block[at], mark, size[at]);
	}
	for (unsigned int at = 0; at < BLOCKS; at++)
		free(block[at]);
	return NULL;
}

void test_heap(void)
{
	run_all(churn_heap);
}

/* Each has pipes of its own, in a table that all share, and that grows. */
static void *churn_descriptors(void *number)
{
	for (unsigned int i = 0; i < 400; i++) {
		int fds[2], copy;
		char c = (char)('a' + (uintptr_t)number), got = 0;

		if (pipe(fds)) {
			CHECK(!"a pipe");
			break;
		}
		copy = dup(fds[1]);
		CHECK(copy >= 0 && !close(fds[1]));
		CHECK(write(copy, &c, 1) == 1);
		CHECK(read(fds[0], &got, 1) == 1 && got == c);
		CHECK(!close(copy));
		CHECK(read(fds[0], &got, 1) == 0);
		CHECK(!close(fds[0]));
	}
	return NULL;
}

void test_descriptors(void)
{
	int lowest = dup(1), again;

	CHECK(lowest >= 0 && !close(lowest));
	run_all(churn_descriptors);
	again = dup(1);
	CHECK(again == lowest && !close(again));
}

/* --- Signals ------------------------------------------------------------ */

static unsigned int handled;

static void handle(int number)
{
	__atomic_fetch_add(&handled, 1, __ATOMIC_RELAXED);
}

static void *raise_often(void *number)
{
	for (unsigned int i = 0; i < 500; i++)
		CHECK(!raise(SIGUSR1));
	return NULL;
}

void test_signals(void)
{
	signal(SIGUSR1, handle);
	run_all(raise_often);
	CHECK(handled == THREADS * 500);
	signal(SIGUSR1, SIG_DFL);
}

/* --- Sockets ------------------------------------------------------------ */

#define ANSWERS 60

static int listener;
static struct sockaddr_in address;

static bool move_all(ssize_t (*move)(int, void *, size_t), int fd, char *buf, size_t len)
{
	while (len) {
		ssize_t n = move(fd, buf, len);

		if (n <= 0)
			return false;
		buf += n;
		len -= (size_t)n;
	}
	return true;
}

static ssize_t write_some(int fd, void *buf, size_t len)
{
	return write(fd, buf, len);
}

static void *echo(void *unused)
{
	char buf[1000];

	for (unsigned int i = 0; i < ANSWERS; i++) {
		int fd = accept(listener, NULL, NULL);

		CHECK(fd >= 0);
		while (move_all(read, fd, buf, sizeof(buf)) &&
		       move_all(write_some, fd, buf, sizeof(buf)))
			;
		close(fd);
	}
	return NULL;
}

static void *ask(void *number)
{
	for (unsigned int i = 0; i < ANSWERS; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		char out[1000], in[1000];

		CHECK(fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof(address)));
		for (unsigned int j = 0; j < 4; j++) {
			memset(out, (int)((uintptr_t)number * 50 + i + j), sizeof(out));
			CHECK(move_all(write_some, fd, out, sizeof(out)));
			CHECK(move_all(read, fd, in, sizeof(in)));
			CHECK(!memcmp(in, out, sizeof(in)));
		}
		CHECK(!close(fd));
	}
	return NULL;
}

static void *ask_or_echo(void *number)
{
	return (uintptr_t)number % 2 ? ask(number) : echo(number);
}

void test_loopback(void)
{
	socklen_t len = sizeof(address);

	address = (struct sockaddr_in){ .sin_family = AF_INET,
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	listener = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(listener >= 0 && !bind(listener, (struct sockaddr *)&address, sizeof(address)));
	CHECK(!listen(listener, 16));
	CHECK(!getsockname(listener, (struct sockaddr *)&address, &len));
	run_all(ask_or_echo);
	CHECK(!close(listener));
}

/* --- A holder without a processor: it gives it away ---------------------- */

#define TURNS 20000

static SPINLOCK(contended);
static volatile uint64_t contended_count;

static void *contend(void *number)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((uintptr_t)number % vcpu_count(), &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (unsigned int i = 0; i < TURNS; i++) {
		unsigned long flags = spin_lock_save(&contended);

		add_slowly(&contended_count);
		if (i % 50 == 0)
			hypercall_sched_op(SCHEDOP_yield, NULL);
		spin_unlock_restore(&contended, flags);
	}
	return NULL;
}

/*
 * TSC ticks are instructions under icount, where tests/system/guest_smp.py compares them: all that
 * the threads did together on any number of vcpus against what one processor needs for it.
 */
void test_contention(void)
{
	struct spin_stats before, after;
	uint64_t start = clock_tsc();

	spin_stats_get(&before);
	contended_count = 0;
	run_all(contend);
	spin_stats_get(&after);
	CHECK(contended_count == THREADS * TURNS);
	printf("  %u turns: %lu ticks, %lu waits, %lu polls, %lu kicks\n", THREADS * TURNS,
	       clock_tsc() - start, after.waits - before.waits, after.polls - before.polls,
	       after.kicks - before.kicks);
}

/* --- The end ------------------------------------------------------------ */

/* On every vcpu somebody holds the console's lock, the heap's or this one, most of the time. */
static void *be_busy(void *number)
{
	for (;;) {
		unsigned long flags = spin_lock_save(&contended);

		add_slowly(&contended_count);
		spin_unlock_restore(&contended, flags);
		free(malloc(100));
		console_write("\r", 1);
	}
	return NULL;
}

/*
 * Only where it is asked for by name: the domain ends in it, with one message, whoever holds what.
 */
void test_panic(void)
{
	pthread_t thread;

	for (unsigned int i = 0; i < 2 * vcpu_count(); i++)
		CHECK(!pthread_create(&thread, NULL, be_busy, NULL));
	usleep(20000);
	spin_lock_save(&contended);
	panic("as it shall be");
}
