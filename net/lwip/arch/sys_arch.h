/* SPDX-License-Identifier: MIT */
/* lwIP's types of threads and their means, as pointers to what sys_arch.c makes. */
#pragma once

#define SYS_MBOX_NULL NULL
#define SYS_SEM_NULL  NULL

typedef struct semaphore *sys_sem_t;
typedef struct mutex *sys_mutex_t;
typedef struct sys_mbox *sys_mbox_t;
typedef struct thread *sys_thread_t;
typedef unsigned long sys_prot_t;

#define sys_sem_valid(sem)             (*(sem) != NULL)
#define sys_sem_set_invalid(sem)       (*(sem) = NULL)
#define sys_mutex_valid(mutex)         (*(mutex) != NULL)
#define sys_mutex_set_invalid(mutex)   (*(mutex) = NULL)
#define sys_mbox_valid(mbox)           (*(mbox) != NULL)
#define sys_mbox_set_invalid(mbox)     (*(mbox) = NULL)
#define sys_sem_valid_val(sem)         ((sem) != NULL)
#define sys_sem_set_invalid_val(sem)   ((sem) = NULL)
#define sys_mbox_valid_val(mbox)       ((mbox) != NULL)
#define sys_mbox_set_invalid_val(mbox) ((mbox) = NULL)
