/* SPDX-License-Identifier: MIT */
/*
 * Random bytes: RDRAND's where the processor has it, mixed into a pool that also takes the
 * moments of requests (TSC). ChaCha20 (RFC 8439) makes the stream from the pool; every request
 * ends by replacing the key with output, so earlier output cannot be told from a pool that is
 * seen later. Without RDRAND the pool holds nothing but timing, and the first request says so.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <x86intrin.h>

#include "guest/clock.h"
#include "guest/console.h"
#include "guest/evtchn.h"
#include "guest/file.h"
#include "guest/init.h"
#include "guest/libc/libc.h"
#include "lib/string.h"

#define CPUID1_ECX_RDRAND (1u << 30)
#define RDRAND_TRIES      10
#define KEY_WORDS         8
#define BLOCK_WORDS       16
#define JITTER_ROUNDS     256

static MUTEX(lock);
static uint32_t key[KEY_WORDS]; /* lock */
static uint64_t counter;        /* lock */
static bool seeded, has_rdrand; /* lock */

static inline uint32_t rotate(uint32_t x, unsigned int n)
{
	return x << n | x >> (32 - n);
}

static void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	*a += *b;
	*d = rotate(*d ^ *a, 16);
	*c += *d;
	*b = rotate(*b ^ *c, 12);
	*a += *b;
	*d = rotate(*d ^ *a, 8);
	*c += *d;
	*b = rotate(*b ^ *c, 7);
}

static void block(uint32_t out[BLOCK_WORDS])
{
	uint32_t s[BLOCK_WORDS] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
	unsigned int i;

	memcpy(s + 4, key, sizeof(key));
	s[12] = (uint32_t)counter;
	s[13] = (uint32_t)(counter >> 32);
	counter++;
	memcpy(out, s, sizeof(s));
	for (i = 0; i < 10; i++) {
		quarter(&out[0], &out[4], &out[8], &out[12]);
		quarter(&out[1], &out[5], &out[9], &out[13]);
		quarter(&out[2], &out[6], &out[10], &out[14]);
		quarter(&out[3], &out[7], &out[11], &out[15]);
		quarter(&out[0], &out[5], &out[10], &out[15]);
		quarter(&out[1], &out[6], &out[11], &out[12]);
		quarter(&out[2], &out[7], &out[8], &out[13]);
		quarter(&out[3], &out[4], &out[9], &out[14]);
	}
	for (i = 0; i < BLOCK_WORDS; i++)
		out[i] += s[i];
}

__attribute__((target("rdrnd"))) static bool hardware_word(unsigned long long *word)
{
	unsigned int tries;

	for (tries = 0; tries < RDRAND_TRIES; tries++)
		if (_rdrand64_step(word))
			return true;
	return false;
}

/* Fold 64 bits into the key, then stir. */
static void mix(uint64_t word)
{
	uint32_t out[BLOCK_WORDS];

	key[0] ^= (uint32_t)word;
	key[1] ^= (uint32_t)(word >> 32);
	block(out);
	memcpy(key, out, sizeof(key));
}

static void mix_hardware(unsigned int words)
{
	unsigned long long word;

	while (has_rdrand && words--)
		if (hardware_word(&word))
			mix(word);
}

static void seed(void)
{
	unsigned int a, b, c, d, i;

	__cpuid(1, a, b, c, d);
	has_rdrand = c & CPUID1_ECX_RDRAND;
	if (!has_rdrand)
		console_print("random: no RDRAND, seeded from timing only\n");
	mix(clock_wall_ns());
	mix(evtchn_count());
	for (i = 0; i < JITTER_ROUNDS; i++)
		mix(clock_tsc());
	mix_hardware(KEY_WORDS);
	seeded = true;
}

static void fill(uint8_t *buf, size_t len)
{
	uint32_t out[BLOCK_WORDS];

	mutex_lock(&lock);
	if (!seeded)
		seed();
	mix(clock_tsc());
	mix_hardware(1);
	while (len) {
		size_t n = MIN(len, sizeof(out));

		block(out);
		memcpy(buf, out, n);
		buf += n;
		len -= n;
	}
	block(out);
	memcpy(key, out, sizeof(key));
	mutex_unlock(&lock);
}

ssize_t getrandom(void *buf, size_t len, unsigned int flags)
{
	fill(buf, len);
	return (ssize_t)len;
}

int getentropy(void *buf, size_t len)
{
	if (len > 256)
		return (int)libc_result(-EIO);
	fill(buf, len);
	return 0;
}

/* --- /dev/random, urandom, zero, null ----------------------------------- */

static ssize_t random_read(struct file *f, void *buf, size_t len)
{
	fill(buf, len);
	return (ssize_t)len;
}

static ssize_t zero_read(struct file *f, void *buf, size_t len)
{
	memset(buf, 0, len);
	return (ssize_t)len;
}

static ssize_t null_read(struct file *f, void *buf, size_t len)
{
	return 0;
}

static ssize_t null_write(struct file *f, const void *buf, size_t len)
{
	return (ssize_t)len;
}

static int null_fstat(struct file *f, struct stat *st)
{
	st->st_mode = S_IFCHR | 0666;
	st->st_nlink = 1;
	return 0;
}

#define MEMORY_DEVICE(reader)                                                             \
	{                                                                                 \
		.name = #reader, .read = reader, .write = null_write, .fstat = null_fstat \
	}

static const struct file_ops random_ops = MEMORY_DEVICE(random_read);
static const struct file_ops zero_ops = MEMORY_DEVICE(zero_read);
static const struct file_ops null_ops = MEMORY_DEVICE(null_read);

static int memory_open(struct device_file *dev, struct file *f)
{
	f->ops = dev->arg;
	return 0;
}

static struct device_file devices[] = {
	{ .name = "random",
	  .open = memory_open,
	  .mode = S_IFCHR | 0666,
	  .arg = (void *)&random_ops },
	{ .name = "urandom",
	  .open = memory_open,
	  .mode = S_IFCHR | 0666,
	  .arg = (void *)&random_ops },
	{ .name = "zero", .open = memory_open, .mode = S_IFCHR | 0666, .arg = (void *)&zero_ops },
	{ .name = "null", .open = memory_open, .mode = S_IFCHR | 0666, .arg = (void *)&null_ops },
};

static int memory_devices_start(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(devices); i++)
		device_file_register(&devices[i]);
	return 0;
}
INITCALL(core, memory_devices_start);
