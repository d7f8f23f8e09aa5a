/* SPDX-License-Identifier: MIT */
/* ioctl(2). */
#pragma once

#define IOC_VOID 0x20000000UL
#define IOC_OUT  0x40000000UL
#define IOC_IN   0x80000000UL
#define _IOC(dir, group, number, size) \
	((dir) | (((size)&0x7fUL) << 16) | ((unsigned long)(group) << 8) | (number))
#define _IO(group, number)        _IOC(IOC_VOID, group, number, 0)
#define _IOR(group, number, type) _IOC(IOC_OUT, group, number, sizeof(type))
#define _IOW(group, number, type) _IOC(IOC_IN, group, number, sizeof(type))

/* As lwIP has them: FIONREAD fills an int, FIONBIO reads one. */
#define FIONREAD _IOR('f', 127, unsigned long)
#define FIONBIO  _IOW('f', 126, unsigned long)

#define TIOCGWINSZ _IOR('t', 104, struct winsize)

struct winsize {
	unsigned short ws_row, ws_col, ws_xpixel, ws_ypixel;
};

#ifdef __cplusplus
extern "C" {
#endif

int ioctl(int fd, unsigned long request, ...);

#ifdef __cplusplus
}
#endif
