/* SPDX-License-Identifier: MIT */
/*
 * The mount table: which file system answers for a path; and the device files of /dev.
 *
 * The list is kept in the order of length, so the first mount that contains a path is the one
 * that answers: with "/data" and "/" mounted, "/data/x" is "x" of the first, "/database" of the
 * second. Each call and each open file counts as a user of its mount, which cannot be removed
 * meanwhile.
 */
#include <fcntl.h>
#include <stdlib.h>

#include "guest/file.h"
#include "guest/init.h"
#include "guest/shutdown.h"
#include "lib/string.h"

#define DEVICE_PREFIX "/dev/"

struct mount {
	struct mount *next; /* lock; the longest point first */
	const struct fs_ops *ops;
	void *fs;
	unsigned int flags;
	unsigned int users; /* lock; open files and calls inside */
	size_t len;         /* of point; 0 for the root */
	char point[];       /* "" for the root, else "/data" */
};

static MUTEX(lock);
static struct mount *mounts;             /* lock */
static struct device_file *device_files; /* lock */

/* --- Looking up --------------------------------------------------------- */

/* What of the path lies below the mount: NULL if it is not in it. */
static const char *path_below(const struct mount *mount, const char *path)
{
	if (strncmp(path, mount->point, mount->len))
		return NULL;
	path += mount->len;
	if (*path && *path != '/')
		return NULL;
	while (*path == '/')
		path++;
	return path;
}

struct mount *mount_get(const char *path, const char **below)
{
	struct mount *mount;

	mutex_lock(&lock);
	for (mount = mounts; mount; mount = mount->next) {
		*below = path_below(mount, path);
		if (*below) {
			mount->users++;
			break;
		}
	}
	mutex_unlock(&lock);
	return mount;
}

void mount_put(struct mount *mount)
{
	mutex_lock(&lock);
	mount->users--;
	mutex_unlock(&lock);
}

const struct fs_ops *mount_ops(const struct mount *mount, void **fs)
{
	*fs = mount->fs;
	return mount->ops;
}

bool mount_readonly(const struct mount *mount)
{
	return mount->flags & MOUNT_READONLY;
}

/* --- Mounting ----------------------------------------------------------- */

static struct mount **mount_slot(const char *point)
{
	struct mount **slot;

	for (slot = &mounts; *slot; slot = &(*slot)->next)
		if (!strcmp((*slot)->point, point))
			break;
	return slot;
}

int mount_add(const char *point, const struct fs_ops *ops, void *fs, unsigned int flags)
{
	size_t len = strlen(point);
	struct mount *mount, **slot;

	if (point[0] != '/')
		return -EINVAL;
	while (len && point[len - 1] == '/')
		len--;
	mount = calloc(1, sizeof(*mount) + len + 1);
	if (!mount)
		return -ENOMEM;
	memcpy(mount->point, point, len);
	mount->len = len;
	mount->ops = ops;
	mount->fs = fs;
	mount->flags = flags;

	mutex_lock(&lock);
	if (*mount_slot(mount->point)) {
		mutex_unlock(&lock);
		free(mount);
		return -EBUSY;
	}
	for (slot = &mounts; *slot && (*slot)->len > len; slot = &(*slot)->next)
		;
	mount->next = *slot;
	*slot = mount;
	mutex_unlock(&lock);
	return 0;
}

static int mount_end(struct mount *mount)
{
	int err = mount->ops->unmount ? mount->ops->unmount(mount->fs) : 0;

	free(mount);
	return err;
}

int mount_remove(const char *point)
{
	struct mount *mount, **slot;
	int err = 0;

	mutex_lock(&lock);
	slot = mount_slot(strcmp(point, "/") ? point : "");
	mount = *slot;
	if (!mount)
		err = -EINVAL;
	else if (mount->users)
		err = -EBUSY;
	else
		*slot = mount->next;
	mutex_unlock(&lock);
	return err ? err : mount_end(mount);
}

int mount_sync_all(void)
{
	struct mount *mount;
	int first = 0;

	mutex_lock(&lock);
	for (mount = mounts; mount; mount = mount->next) {
		int err = mount->ops->sync ? mount->ops->sync(mount->fs) : 0;

		if (err && !first)
			first = err;
	}
	mutex_unlock(&lock);
	return first;
}

/* At the end nobody is asked: the list is emptied first, so that nothing new begins. */
void mount_shutdown(void)
{
	struct mount *mount;

	mutex_lock(&lock);
	mount = mounts;
	mounts = NULL;
	mutex_unlock(&lock);
	while (mount) {
		struct mount *next = mount->next;

		/* Its memory stays: files may be open in it. */
		if (mount->ops->unmount)
			mount->ops->unmount(mount->fs);
		mount = next;
	}
}

static void shutdown_mounts(unsigned int reason, void *arg)
{
	mount_shutdown();
}

static struct shutdown_handler at_end = { .fn = shutdown_mounts };

static int mount_start(void)
{
	shutdown_register(&at_end);
	return 0;
}
INITCALL(core, mount_start);

/* --- Device files ------------------------------------------------------- */

void device_file_register(struct device_file *dev)
{
	mutex_lock(&lock);
	dev->next = device_files;
	device_files = dev;
	mutex_unlock(&lock);
}

struct device_file *device_file_find(const char *path)
{
	size_t prefix = sizeof(DEVICE_PREFIX) - 1;
	struct device_file *dev;

	if (strncmp(path, DEVICE_PREFIX, prefix))
		return NULL;
	mutex_lock(&lock);
	for (dev = device_files; dev; dev = dev->next)
		if (!strcmp(dev->name, path + prefix))
			break;
	mutex_unlock(&lock);
	return dev;
}
