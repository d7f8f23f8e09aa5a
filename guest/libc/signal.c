/* SPDX-License-Identifier: MIT */
/*
 * Signals, as far as one process without asynchronous delivery has them: handlers are kept, and
 * raise or kill of ourselves calls them, in the calling thread. The library OS raises SIGTERM
 * when the domain is asked to shut down. Masks are kept and have no effect, since nothing comes
 * by itself.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "guest/console.h"
#include "guest/libc/libc.h"
#include "guest/panic.h"
#include "guest/shutdown.h"
#include "guest/thread.h"
#include "guest/wait.h"

static struct sigaction actions[NSIG];
static sigset_t mask;
static unsigned long delivered; /* atomic: counts signals that were handled, for pause */
static WAIT_QUEUE(pause_queue);

static bool valid(int number)
{
	return number > 0 && number < NSIG;
}

bool libc_signal_handled(int number)
{
	return actions[number].sa_handler != SIG_DFL && actions[number].sa_handler != SIG_IGN;
}

int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
	if (!valid(number) || number == SIGKILL || number == SIGSTOP)
		return (int)libc_result(-EINVAL);
	if (old)
		*old = actions[number];
	if (action)
		actions[number] = *action;
	return 0;
}

_sig_func_ptr signal(int number, _sig_func_ptr handler)
{
	struct sigaction action = { .sa_handler = handler }, old;

	return sigaction(number, &action, &old) ? SIG_ERR : old.sa_handler;
}

/* By default these end the process; the others are ignored. */
static bool is_fatal(int number)
{
	return number != SIGCHLD && number != SIGURG && number != SIGWINCH && number != SIGCONT;
}

int raise(int number)
{
	_sig_func_ptr handler;

	if (!valid(number))
		return (int)libc_result(-EINVAL);
	handler = actions[number].sa_handler;
	if (handler == SIG_IGN)
		return 0;
	if (handler != SIG_DFL) {
		handler(number);
		__atomic_fetch_add(&delivered, 1, __ATOMIC_SEQ_CST);
		wake_all(&pause_queue);
		return 0;
	}
	if (number == SIGABRT)
		panic("abort");
	if (is_fatal(number))
		_exit(128 + number);
	return 0;
}

int kill(pid_t pid, int number)
{
	if (pid != getpid() && pid != 0 && pid != -1)
		return (int)libc_result(-ESRCH);
	return number ? raise(number) : 0;
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	if (old)
		*old = mask;
	if (!set)
		return 0;
	switch (how) {
	case SIG_BLOCK:
		mask |= *set;
		return 0;
	case SIG_UNBLOCK:
		mask &= ~*set;
		return 0;
	case SIG_SETMASK:
		mask = *set;
		return 0;
	default:
		return (int)libc_result(-EINVAL);
	}
}

int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	return sigprocmask(how, set, old) ? errno : 0;
}

int sigpending(sigset_t *set)
{
	*set = 0;
	return 0;
}

/* Until another thread raises a signal that has a handler. */
int pause(void)
{
	unsigned long before = READ_ONCE(delivered);

	wait_event(&pause_queue, READ_ONCE(delivered) != before);
	return (int)libc_result(-EINTR);
}

int sigsuspend(const sigset_t *set)
{
	return pause();
}

unsigned int alarm(unsigned int seconds)
{
	errno = ENOSYS;
	return 0;
}
