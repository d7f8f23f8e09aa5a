/* SPDX-License-Identifier: MIT */
/*
 * The library OS tests itself: threads, preemption, timers, events, grants, memory, files. Runs
 * on our hypervisor and on stock Xen alike. Prints a line for each test; the exit status is the
 * number of failures.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "guest/clock.h"
#include "guest/evtchn.h"
#include "guest/gnttab.h"
#include "guest/init.h"
#include "guest/irq.h"
#include "guest/page.h"
#include "guest/thread.h"
#include "guest/vmap.h"

unsigned int failures;

/* --- Threads ------------------------------------------------------------ */

static __thread int local = 7;
static volatile bool stop;

/* Vector and x87 registers, and errno, must survive whatever preempts this. */
static void *spin_floats(void *arg)
{
	double x = (double)(uintptr_t)arg, sum = 0;
	long double y = x;
	uint64_t rounds = 0;

	local = (int)(uintptr_t)arg;
	errno = (int)(uintptr_t)arg;
	while (!stop) {
		sum = 0;
		for (int i = 0; i < 1000; i++) {
			sum += x;
			y = y * 1.0L;
		}
		if (sum != x * 1000 || y != x)
			return (void *)-1L;
		rounds++;
	}
	if (errno != (int)(uintptr_t)arg || local != errno)
		return (void *)-2L;
	return (void *)rounds;
}

static void test_preemption(void)
{
	enum { THREADS = 4 };
	pthread_t threads[THREADS];
	void *rounds;

	stop = false;
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&threads[i], NULL, spin_floats, (void *)(i + 1)));
	sleep(1);
	stop = true;
	for (unsigned int i = 0; i < THREADS; i++) {
		CHECK(!pthread_join(threads[i], &rounds));
		CHECK((long)rounds > 10);
	}
	CHECK(local == 7);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static unsigned int turns;

static void *take_turns(void *arg)
{
	unsigned int parity = (unsigned int)(uintptr_t)arg;

	for (unsigned int i = 0; i < 1000; i++) {
		pthread_mutex_lock(&mutex);
		while (turns % 2 != parity)
			pthread_cond_wait(&cond, &mutex);
		turns++;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void test_condition(void)
{
	struct timespec when;
	pthread_t a, b;

	CHECK(!pthread_create(&a, NULL, take_turns, (void *)0));
	CHECK(!pthread_create(&b, NULL, take_turns, (void *)1));
	CHECK(!pthread_join(a, NULL));
	CHECK(!pthread_join(b, NULL));
	CHECK(turns == 2000);

	pthread_mutex_lock(&mutex);
	clock_gettime(CLOCK_REALTIME, &when);
	when.tv_nsec += 20 * 1000 * 1000;
	when.tv_sec += when.tv_nsec / 1000000000;
	when.tv_nsec %= 1000000000;
	CHECK(pthread_cond_timedwait(&cond, &mutex, &when) == ETIMEDOUT);
	CHECK(pthread_mutex_trylock(&mutex) == EBUSY);
	CHECK(!pthread_mutex_unlock(&mutex));
	CHECK(pthread_mutex_unlock(&mutex) == EPERM);
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static long shared_a, shared_b;

static void *read_pairs(void *arg)
{
	while (!stop) {
		pthread_rwlock_rdlock(&rwlock);
		if (shared_a != shared_b)
			failures++;
		pthread_rwlock_unlock(&rwlock);
	}
	return NULL;
}

static void *write_pairs(void *arg)
{
	while (!stop) {
		pthread_rwlock_wrlock(&rwlock);
		shared_a++;
		for (volatile int i = 0; i < 100; i++)
			;
		shared_b++;
		pthread_rwlock_unlock(&rwlock);
	}
	return NULL;
}

static void test_rwlock(void)
{
	pthread_t threads[4];

	stop = false;
	for (int i = 0; i < 4; i++)
		CHECK(!pthread_create(&threads[i], NULL, i % 2 ? read_pairs : write_pairs, NULL));
	usleep(300 * 1000);
	stop = true;
	for (int i = 0; i < 4; i++)
		CHECK(!pthread_join(threads[i], NULL));
	CHECK(shared_a == shared_b && shared_a > 100);
}

static pthread_key_t key;
static int destroyed;

static void destroy_value(void *value)
{
	destroyed += (int)(uintptr_t)value;
}

static void *set_value(void *arg)
{
	CHECK(!pthread_getspecific(key));
	CHECK(!pthread_setspecific(key, arg));
	return pthread_getspecific(key);
}

static void test_keys_and_once(void)
{
	pthread_t thread;
	void *result;

	CHECK(!pthread_key_create(&key, destroy_value));
	CHECK(!pthread_create(&thread, NULL, set_value, (void *)5));
	CHECK(!pthread_join(thread, &result));
	CHECK(result == (void *)5 && destroyed == 5);
	CHECK(!pthread_key_delete(key));
}

/* Threads come and go; none of their memory may stay behind. */
static void *do_nothing(void *arg)
{
	return strdup("x");
}

static void test_churn(void)
{
	size_t before = 0;
	void *result;
	pthread_t thread;

	for (int i = 0; i < 300; i++) {
		if (pthread_create(&thread, NULL, do_nothing, NULL))
			break;
		pthread_join(thread, &result);
		free(result);
		if (i == 10)
			before = page_free_count();
	}
	CHECK(page_free_count() + 2 >= before);
}

/* --- Time --------------------------------------------------------------- */

static void test_sleep(void)
{
	ns_t start = clock_ns(), took;

	usleep(50 * 1000);
	took = clock_ns() - start;
	CHECK(took >= 50 * NS_PER_MS);
	CHECK(took < 500 * NS_PER_MS);
	CHECK(clock_wall_ns() > 1500000000ULL * NS_PER_S);
}

static void fire_count(struct clock_timer *timer)
{
	unsigned int *count = timer->arg;

	if (++*count < 10)
		timer_start(timer, timer->deadline + NS_PER_MS);
}

static void test_timers(void)
{
	unsigned int count = 0;
	struct clock_timer timer;

	timer_init(&timer, fire_count, &count);
	timer_start(&timer, clock_deadline(NS_PER_MS));
	usleep(200 * 1000);
	CHECK(count == 10);
	CHECK(!timer_stop(&timer));
	timer_start(&timer, clock_deadline(NS_PER_S));
	CHECK(timer_stop(&timer));
}

/* --- Events and grants -------------------------------------------------- */

static volatile unsigned int events;
static WAIT_QUEUE(event_queue);

static void count_event(evtchn_port_t port, void *arg)
{
	events++;
	wake_all(&event_queue);
}

static void ignore_event(evtchn_port_t port, void *arg) {}

static void test_events(void)
{
	int a = evtchn_alloc_unbound(DOMID_SELF, count_event, NULL);
	int b = evtchn_bind_interdomain(DOMID_SELF, (evtchn_port_t)a, ignore_event, NULL);
	unsigned long flags;

	/* What an upcall that is masked on this vcpu holds back is served by vcpu 0. */
	thread_set_affinity(thread_current(), VCPU_ONLY(0));
	CHECK(a > 0 && b > 0);
	events = 0;
	for (unsigned int i = 1; i <= 1000; i++) {
		CHECK(!evtchn_notify((evtchn_port_t)b));
		CHECK(wait_event_timeout(&event_queue, events == i, NS_PER_S));
	}
	flags = irq_save();
	evtchn_notify((evtchn_port_t)b);
	CHECK(events == 1000);
	irq_restore(flags);
	CHECK(events == 1001);
	evtchn_mask((evtchn_port_t)a);
	evtchn_notify((evtchn_port_t)b);
	CHECK(events == 1001);
	evtchn_unmask((evtchn_port_t)a);
	CHECK(events == 1002);
	evtchn_unbind((evtchn_port_t)b);
	evtchn_unbind((evtchn_port_t)a);
	CHECK(evtchn_notify((evtchn_port_t)a) < 0);
	thread_set_affinity(thread_current(), VCPU_ANY);
}

static void test_grants(void)
{
	size_t before = gnttab_free_count();
	char *page = page_alloc_zero(0);
	domid_t self = is_initdomain() ? 0 : DOMID_SELF; /* no other knows its number */
	int ref = gnttab_grant(self, virt_to_mfn(page), false);
	grant_ref_t refs[2] = { (grant_ref_t)ref, (grant_ref_t)ref };
	struct gnttab_mapping map;

	CHECK(ref >= GNTTAB_NR_RESERVED_ENTRIES);
	strcpy(page, "granted");
	if (is_initdomain()) {
		CHECK(!gnttab_map(&map, self, refs, 2, false));
		CHECK(!strcmp(map.va, "granted"));
		CHECK(!strcmp((char *)map.va + PAGE_SIZE, "granted"));
		CHECK(gnttab_busy((grant_ref_t)ref));
		CHECK(gnttab_end((grant_ref_t)ref) == -EBUSY);
		gnttab_unmap(&map);
	}
	CHECK(!gnttab_busy((grant_ref_t)ref));
	CHECK(!gnttab_revoke((grant_ref_t)ref));
	page_free(page, 0);
	CHECK(gnttab_free_count() == before);
}

/* --- Memory ------------------------------------------------------------- */

static void test_exhaustion(void)
{
	size_t before = page_free_count();
	void *list = NULL, **block;
	unsigned int count = 0;

	while ((block = malloc(10000))) {
		*block = list;
		list = block;
		count++;
	}
	CHECK(errno == ENOMEM);
	CHECK(count > 10);
	printf("  %u blocks of 10000 bytes, then none\n", count);
	while (list) {
		block = list;
		list = *block;
		free(block);
	}
	CHECK(page_free_count() + 64 >= before);
}

static void test_mmap(void)
{
	size_t before = page_free_count(), len = 20 * PAGE_SIZE;
	char *a = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

	CHECK(a != MAP_FAILED);
	memset(a, 1, len);
	CHECK(!munmap(a + 5 * PAGE_SIZE, 5 * PAGE_SIZE));
	CHECK(a[4 * PAGE_SIZE] == 1 && a[10 * PAGE_SIZE] == 1);
	CHECK(!munmap(a, len));
	CHECK(page_free_count() + 2 >= before);
}

/* --- Files -------------------------------------------------------------- */

static void *write_slowly(void *arg)
{
	int fd = *(int *)arg;

	for (int i = 0; i < 5; i++) {
		usleep(10 * 1000);
		CHECK(write(fd, "0123456789", 10) == 10);
	}
	close(fd);
	return NULL;
}

static void test_pipe(void)
{
	char buf[128];
	int fds[2];
	size_t total = 0;
	ssize_t n;
	pthread_t thread;
	struct pollfd pfd;

	CHECK(!pipe(fds));
	pfd = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	CHECK(poll(&pfd, 1, 0) == 0);
	CHECK(poll(&pfd, 1, 20) == 0);
	CHECK(!pthread_create(&thread, NULL, write_slowly, &fds[1]));
	do {
		CHECK(poll(&pfd, 1, 1000) == 1);
		n = read(fds[0], buf, sizeof(buf));
		CHECK(n >= 0);
		total += (size_t)n;
	} while (n > 0);
	CHECK(total == 50);
	CHECK(!pthread_join(thread, NULL));
	close(fds[0]);
	CHECK(read(fds[0], buf, 1) == -1 && errno == EBADF);
}

static void test_files(void)
{
	char a[64], b[64], path[64];
	struct stat st;
	int fd = open("/dev/../dev//zero", O_RDONLY);
	FILE *f;

	CHECK(fd >= 3);
	memset(a, 1, sizeof(a));
	CHECK(read(fd, a, sizeof(a)) == sizeof(a) && a[0] == 0 && a[63] == 0);
	CHECK(dup2(fd, 100) == 100 && !close(100) && !close(fd));
	CHECK(open("/nowhere/file", O_RDONLY) == -1 && errno == ENOENT);
	CHECK(getrandom(a, sizeof(a), 0) == sizeof(a) && getrandom(b, sizeof(b), 0) == sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)));
	CHECK(isatty(1) && !fstat(1, &st) && S_ISCHR(st.st_mode));
	CHECK(getcwd(path, sizeof(path)) && !strcmp(path, "/"));
	f = fopen("/dev/null", "w");
	CHECK(f && fprintf(f, "%g %s %d\n", sqrt(2), "x", 5) == 12 && !fclose(f));
	snprintf(a, sizeof(a), "%.3f %lld %zu %5s|%-5s|", 3.14159, 1LL << 40, (size_t)7, "a", "b");
	CHECK(!strcmp(a, "3.142 1099511627776 7     a|b    |"));
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "preemption", test_preemption },
	{ "condition", test_condition },
	{ "rwlock", test_rwlock },
	{ "keys", test_keys_and_once },
	{ "churn", test_churn },
	{ "sleep", test_sleep },
	{ "timers", test_timers },
	{ "events", test_events },
	{ "grants", test_grants },
	{ "exhaustion", test_exhaustion },
	{ "mmap", test_mmap },
	{ "pipe", test_pipe },
	{ "files", test_files },
	{ "vcpus", test_vcpus },
	{ "affinity", test_affinity },
	{ "everywhere", test_timers_everywhere },
	{ "migration", test_migration },
	{ "shootdown", test_shootdown },
	{ "restart", test_restart },
	{ "online", test_online },
	{ "locks", test_locks },
	{ "heap", test_heap },
	{ "descriptors", test_descriptors },
	{ "signals", test_signals },
	{ "loopback", test_loopback },
	{ "contention", test_contention },
	{ "link", test_link },
	{ "panic", test_panic },
};

/* All but the last, or those that are named. */
static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc < 2 && strcmp(name, "panic");
}

int main(int argc, char **argv)
{
	size_t free_pages = page_free_count();

	printf("%u vcpus, %zu of %zu pages free\n", vcpu_count(), free_pages, page_total_count());
	for (unsigned int i = 0; i < ARRAY_SIZE(tests); i++) {
		unsigned int before = failures;

		if (!wanted(tests[i].name, argc, argv))
			continue;
		tests[i].run();
		printf("%s %s\n", failures == before ? "PASS" : "FAIL", tests[i].name);
	}
	printf("%u failures, %zu pages free\n", failures, page_free_count());
	return (int)failures;
}
