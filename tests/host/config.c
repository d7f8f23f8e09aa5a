/* SPDX-License-Identifier: MIT */
/* Domain configurations: what xl takes is taken, what is wrong is told with its line and a cure. */
// uses: dom0/config.c dom0/config_keys.c dom0/config_text.c dom0/config_vif.c dom0/config_disk.c
// uses: dom0/config_sched.c dom0/cpus.c dom0/syntax.c lib/format.c

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "dom0/config.h"

#define MINIMAL "name = 'x'\nkernel = '/k'\n"

static struct domain_config config;
static struct error error;
static char notices[1000];

static void notice(const char *line)
{
	strcat(notices, line);
	strcat(notices, "\n");
}

static int parse(const char *text)
{
	memset(&error, 0, sizeof(error));
	notices[0] = 0;
	return config_parse(&config, text, strlen(text), "t.cfg", notice, &error);
}

static void good(const char *text)
{
	if (parse(text)) {
		printf("FAIL config: refused: %s\n", error.text);
		assert(0);
	}
}

/* The text is refused, and the message begins with its line and holds what it should say. */
static void bad(const char *text, unsigned int line, const char *says)
{
	char start[20];

	snprintf(start, sizeof(start), "t.cfg:%u: ", line);
	if (parse(text) != -EINVAL || strncmp(error.text, start, strlen(start)) ||
	    !strstr(error.text, says)) {
		printf("FAIL config: %s\n is answered: %s\n", text, error.text);
		assert(0);
	}
}

static void test_whole(void)
{
	good("# an appliance\n"
	     "name = \"web-1\"\ntype = 'pv'  # kind\n"
	     "kernel = \"/images/httpd\"; ramdisk = '/r'\n"
	     "memory = 16\nmaxmem = 0x20\nvcpus = \"2\"\nmaxvcpus = 4\n"
	     "extra = \"ip=dhcp\"\nextra += ' mount=xvda:/:ro'\nroot = '/dev/xvda'\n"
	     "uuid = '6A1f9e70-2f0c-4c5e-9a3b-0123456789ab'\n"
	     "vif = [ 'mac=00:16:3e:01:02:ff, bridge=br1',\n\t\"\", # default\n ]\n"
	     "disk = [ 'phy:/dev/vda,xvda,r',\n"
	     "  'format=raw, vdev=xvdb, access=rw, target=/dev/vdb' ]\n"
	     "on_poweroff = 'preserve'\non_reboot = 'destroy'\non_crash = \"restart\"\n"
	     "localtime = 1");
	assert(!strcmp(config.name, "web-1") && !strcmp(config.kernel, "/images/httpd"));
	assert(!strcmp(config.ramdisk, "/r"));
	assert(config.memory_mib == 16 && config.maxmem_mib == 32);
	assert(config.vcpus == 2 && config.maxvcpus == 4);
	assert(!strcmp(config.cmdline, "root=/dev/xvda ip=dhcp mount=xvda:/:ro"));
	assert(config.has_uuid && config.uuid[0] == 0x6a && config.uuid[15] == 0xab);
	assert(config.vif_count == 2 && config.vif[0].has_mac && config.vif[0].mac[5] == 0xff);
	assert(!strcmp(config.vif[0].bridge, "br1") && !strcmp(config.vif[1].bridge, "xenbr0"));
	assert(config.disk_count == 2 && config.disk[0].readonly && !config.disk[1].readonly);
	assert(config.disk[0].number == 51712 && config.disk[1].number == 51728);
	assert(!strcmp(config.disk[1].target, "/dev/vdb"));
	assert(config.on_poweroff == CONFIG_PRESERVE && config.on_reboot == CONFIG_DESTROY);
	assert(config.on_crash == CONFIG_RESTART && config.on_watchdog == CONFIG_DESTROY);
	assert(!strcmp(notices, "t.cfg:21: localtime: has no effect on this system\n"));
}

static void test_sched(void)
{
	good(MINIMAL "vcpus = 3\ncpu_weight = 512\ncap = 250\ncpus = '0-3,^1,7'\n"
		     "cpus_soft = [ '1', 'all' ]\npool = 'fast'");
	assert(config.sched.weight == 512 && config.sched.cap == 250 && config.sched.has_cap);
	assert(config.sched.hard[0] == 0x8d && config.sched.hard[2] == 0x8d);
	assert(config.sched.soft[0] == 2 && config.sched.soft[1] == ~0UL && !config.sched.soft[2]);
	assert(!strcmp(config.sched.pool, "fast") && !*notices);
	good(MINIMAL "period = 20000\nbudget = 5000\nextratime = 0\ncpus = '63'");
	assert(config.sched.period_us == 20000 && config.sched.budget_us == 5000);
	assert(config.sched.has_extratime && !config.sched.extratime);
	assert(config.sched.hard[0] == 1UL << 63 && !config.sched.weight && !config.sched.has_cap);
}

static void test_defaults(void)
{
	good(MINIMAL);
	assert(config.memory_mib == 32 && config.maxmem_mib == 32 && config.vcpus == 1);
	assert(config.maxvcpus == 1 && !config.has_uuid && !*config.cmdline && !*config.ramdisk);
	assert(config.on_poweroff == CONFIG_DESTROY && config.on_reboot == CONFIG_RESTART);
	good(MINIMAL "maxmem = 64\nvif = []\ndisk = []\npci = []\n\n;;\n");
	assert(config.memory_mib == 64 && !config.vif_count);
	good(MINIMAL "cmdline = 'all'\nextra = 'not'\n");
	assert(!strcmp(config.cmdline, "all") && strstr(notices, "t.cfg:3: cmdline"));
	good(MINIMAL "extra = 'a\\x41\\\\\\'\\\"\\101'");
	assert(!strcmp(config.cmdline, "aA\\'\"A"));
	good(MINIMAL "vif = ['']\nvif += ['bridge=b']\r\n");
	assert(config.vif_count == 2);
}

static void test_syntax(void)
{
	bad("name", 1, "write name = value");
	bad("\n\n= 5", 3, "key = value");
	bad("name = ", 1, "missing");
	bad("name = x", 1, "quotes");
	bad("name = 'x\nkernel='k'", 1, "close its quote");
	bad("name = 'x' 'y'", 1, "new line");
	bad("name = '\\q'", 1, "escape");
	bad("name = '\\000'", 1, "escape");
	bad("vif = [ 'a' 'b' ]", 1, "comma");
	bad("vif = [ 'a',\n\n", 3, "missing");
	bad("vif = [ 'a'\n", 2, "bracket");
	bad("vif = [[[[[[[[[[[[", 1, "lists within lists");
	bad(MINIMAL "name = 'y'", 3, "already in line 1");
	bad(MINIMAL "name += []", 3, "list");
	assert(config_parse(&config, "a\0b", 3, "t", NULL, &(struct error){ 0 }) == -EINVAL);
}

static void test_keys(void)
{
	bad(MINIMAL "memry = 5", 3, "did you mean memory?");
	bad(MINIMAL "frobnicate = 5", 3, "unknown key frobnicate");
	bad("kernel = '/k'", 1, "no name");
	bad("name = 'x'", 1, "no kernel");
	bad("name = '5'", 1, "number");
	bad("name = 'a/b'", 1, "letters");
	bad("name = []", 1, "not a list");
	bad(MINIMAL "memory = '12x'", 3, "no number");
	bad(MINIMAL "memory = -1", 3, "bare word");
	bad(MINIMAL "memory = 0", 3, "out of range");
	bad(MINIMAL "memory = 99999999999999999999", 3, "out of range");
	bad(MINIMAL "memory = 64\nmaxmem = 32", 4, "below memory");
	bad(MINIMAL "vcpus = 33", 3, "1 to 32");
	bad(MINIMAL "cpu_weight = 65536", 3, "1 to 65535");
	bad(MINIMAL "cpu_weight = 0", 3, "1 to 65535");
	bad(MINIMAL "cap = 101", 1, "cap: 101 is more than 1 vcpus can use: 100");
	bad(MINIMAL "period = 10000", 1, "go together");
	bad(MINIMAL "period = 10000\nbudget = 10001", 1, "more than period");
	bad(MINIMAL "cpus = \"0-64\"", 3, "write processors as in");
	bad(MINIMAL "cpus = [ \"0\", \"x\" ]", 3, "write processors as in");
	bad(MINIMAL "cpus_soft = \"1,^1\"", 3, "write processors as in");
	bad(MINIMAL "extratime = 2", 3, "0 to 1");
	bad(MINIMAL "maxvcpus = 1\nvcpus = 2", 3, "below vcpus");
	bad(MINIMAL "type = 'hvm'", 3, "type = \"pv\"");
	bad(MINIMAL "on_crash = 'coredump-destroy'", 3, "preserve");
	bad(MINIMAL "on_reboot = 'rename-restart'", 3, "use destroy");
	bad(MINIMAL "uuid = '1234'", 3, "32");
	bad(MINIMAL "bootloader = 'pygrub'", 3, "not supported");
	bad(MINIMAL "vif = 'x'", 3, "list is wanted");
	bad(MINIMAL "vif = [\n [] ]", 4, "strings");
}

static void test_vif(void)
{
	good(MINIMAL "vif = ['MAC=00:16:3E:aa:bb:cc,script=vif-bridge,ip=10.0.0.1,type=vif']");
	assert(config.vif[0].mac[2] == 0x3e && strstr(notices, "script=") &&
	       strstr(notices, "ip="));
	bad(MINIMAL "vif = ['mac=00:16:3e:1:2:3']", 3, "MAC");
	bad(MINIMAL "vif = ['mac=01:16:3e:01:02:03']", 3, "even");
	bad(MINIMAL "vif = ['mac=00:16:3e:01:02:03',\n'mac=00:16:3e:01:02:03']", 4, "two");
	bad(MINIMAL "vif = ['bridge']", 3, "name=value");
	bad(MINIMAL "vif = ['brdge=x']", 3, "unknown parameter");
	bad(MINIMAL "vif = ['bridge=a-name-that-is-too-long']", 3, "shorten");
	bad(MINIMAL "vif = ['','','','','','','','','']", 3, "more than 8");
}

/* A disk in one line: its number, its target, and whether it is read-only. */
static void disk(const char *text, uint32_t number, const char *target, bool readonly)
{
	char whole[200];

	snprintf(whole, sizeof(whole), MINIMAL "disk = [ '%s' ]", text);
	good(whole);
	assert(config.disk_count == 1 && config.disk[0].number == number);
	assert(!strcmp(config.disk[0].target, target) && config.disk[0].readonly == readonly);
}

static void bad_disk(const char *text, const char *says)
{
	char whole[200];

	snprintf(whole, sizeof(whole), MINIMAL "disk = [ '%s' ]", text);
	bad(whole, 3, says);
}

static void test_disk(void)
{
	disk("phy:/dev/vda,xvda,w", 51712, "/dev/vda", false);
	disk("file:/disk.img,xvdb1,r", 51729, "/disk.img", true);
	disk("tap:aio:/disk.img,xvda", 51712, "/disk.img", false);
	disk("/dev/vda,raw,xvda,ro", 51712, "/dev/vda", true);
	disk("/dev/vda,,xvdp15", 51967, "/dev/vda", false);
	disk("/dev/vda,,xvdq", 1 << 28 | 16 << 8, "/dev/vda", false);
	disk("/dev/vda,,xvdaa16", 1 << 28 | 26 << 8 | 16, "/dev/vda", false);
	disk("/dev/vda,,sdb2", 8 << 8 | 1 << 4 | 2, "/dev/vda", false);
	disk("/dev/vda,,hdd3", 22 << 8 | 1 << 6 | 3, "/dev/vda", false);
	disk("vdev=xvda,access=ro,target=/a,b=c", 51712, "/a,b=c", true);
	disk("format=raw, vdev=xvda, discard, backendtype=phy, target=/dev/vda", 51712, "/dev/vda",
	     false);
	disk("/dev/vda,access=r,vdev=xvda", 51712, "/dev/vda", true);

	bad_disk("", "no target");
	bad_disk("/dev/vda", "no vdev");
	bad_disk("/dev/vda,raw,vda", "is no vdev");
	bad_disk("/dev/vda,raw,xvd", "is no vdev");
	bad_disk("/dev/vda,raw,xvda0", "is no vdev");
	bad_disk("/dev/vda,raw,sdz", "is no vdev");
	bad_disk("/dev/vda,qcow2,xvda", "format=raw");
	bad_disk("qcow:/dev/vda,xvda", "raw disk");
	bad_disk("/dev/vda,raw,xvda,x", "neither ro nor rw");
	bad_disk("/dev/vda,raw,xvda,r,more", "too many");
	bad_disk("vdev=xvda,devtype=cdrom,target=/a", "devtype= is not supported");
	bad(MINIMAL "disk = ['phy:/a,xvda',\n'phy:/b,xvda']", 4, "two disks");
}

int main(void)
{
	test_whole();
	test_defaults();
	test_sched();
	test_syntax();
	test_keys();
	test_vif();
	test_disk();
	puts("ok config");
	return 0;
}
