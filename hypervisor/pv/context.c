/* SPDX-License-Identifier: MIT */
/*
 * vcpu_guest_context, in and out. All is checked first; then the page tables, which may fail or
 * take more than one try, are taken, then the rest, which cannot. The vcpu does not run meanwhile.
 */
#include "access.h"
#include "console.h"
#include "hypervisor/pv/bounce.h"
#include "hypervisor/pv/context.h"
#include "hypervisor/pv/decode.h"
#include "hypervisor/pv/descriptor.h"
#include "hypervisor/pv/root.h"
#include "hypervisor/pv/table.h"

#define CR0_TS (1UL << 3)

static bool canonical(unsigned long a)
{
	return (unsigned long)((long)(a << 16) >> 16) == a;
}

static bool addresses_ok(const struct vcpu_guest_context *c)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(c->trap_ctxt); i++)
		if (!canonical(c->trap_ctxt[i].address))
			return false;
	return canonical(c->user_regs.rip) && canonical(c->user_regs.rsp) &&
	       canonical(c->kernel_sp) && canonical(c->fs_base) && canonical(c->gs_base_kernel) &&
	       canonical(c->gs_base_user) && canonical(c->event_callback_eip) &&
	       canonical(c->syscall_callback_eip) && canonical(c->failsafe_callback_eip) &&
	       guest_range_ok((void *)c->ldt_base, 1) && !(c->ldt_base & ~PAGE_MASK) &&
	       c->ldt_ents <= 8192;
}

static uint64_t root_value(mfn_t root)
{
	return mfn_is_none(root) ? 0 : xen_pfn_to_cr3(root.n);
}

/* What an initialised vcpu may not have changed this way. */
static int check_same(const struct vcpu *v, const struct vcpu_guest_context *c)
{
	const struct pv_vcpu *p = &v->pv;
	bool same = root_value(p->kernel_root) == c->ctrlreg[3] &&
		    root_value(p->user_root) == c->ctrlreg[1];
	unsigned i;

	if (mfn_is_none(p->user_root) && !(c->flags & VGCF_in_kernel))
		same = false;
	same = same && p->gdt_entries == c->gdt_ents && p->ldt_base == c->ldt_base &&
	       p->ldt_entries == c->ldt_ents;
	for (i = 0; same && i < DIV_ROUND_UP(p->gdt_entries, 512u); i++)
		same = p->gdt_mfn[i].n == c->gdt_frames[i];
	return same ? 0 : -EOPNOTSUPP;
}

static void drop_root(mfn_t *root)
{
	if (!mfn_is_none(*root))
		table_put_later(mfn_to_frame(*root));
	*root = MFN_NONE;
}

/* One that an earlier, interrupted try has taken is kept; should it be another, it is dropped. */
static int take_root(struct vcpu *v, uint64_t cr3, mfn_t *root)
{
	mfn_t m = MFN(xen_cr3_to_pfn(cr3));
	int rc;

	if (!mfn_valid(m))
		return -EINVAL;
	if (mfn_eq(*root, m))
		return 0;
	rc = frame_get_typed(mfn_to_frame(m), v->domain->id, TYPE_L4);
	if (rc)
		return rc;
	drop_root(root);
	*root = m;
	return 0;
}

/*
 * -ERESTART keeps what it has. After an error the rest of a table that was refused waits in
 * old_table, for the caller's next operation on tables.
 */
static int take_tables(struct vcpu *v, const struct vcpu_guest_context *c)
{
	struct pv_vcpu *p = &v->pv;
	int rc = old_table_finish();

	if (!rc)
		rc = gdt_set(v, c->gdt_frames, (unsigned)MIN(c->gdt_ents, 0xffffUL));
	if (!rc)
		rc = take_root(v, c->ctrlreg[3], &p->kernel_root);
	if (!rc && c->ctrlreg[1])
		rc = take_root(v, c->ctrlreg[1], &p->user_root);
	else if (!rc)
		drop_root(&p->user_root);
	if (rc) {
		if (rc != -ERESTART) {
			drop_root(&p->kernel_root);
			drop_root(&p->user_root);
		}
		return rc;
	}
	root_take_kernel(v, p->kernel_root);
	root_take_user(v, p->user_root);
	p->ldt_base = c->ldt_base;
	p->ldt_entries = (uint32_t)c->ldt_ents;
	return 0;
}

static void set_registers(struct vcpu *v, const struct cpu_user_regs *u)
{
	struct regs *r = &v->regs;

	_Static_assert(offsetof(struct regs, ss) == offsetof(struct cpu_user_regs, ss),
		       "the ABI's order");
	__builtin_memcpy(r, u, sizeof(*r));
	r->entry = 0;
	r->error_code = 0;
	r->cs = u->cs | 3;
	r->ss = u->ss | 3;
	v->pv.iopl = (uint8_t)(u->rflags >> 12 & 3);
	r->rflags = (u->rflags & ~(RF_IOPL | RF_VM)) | RF_IF;
	v->pv.ds = u->ds;
	v->pv.es = u->es;
	v->pv.fs = u->fs;
	v->pv.gs = u->gs;
}

static void set_entries(struct pv_vcpu *p, const struct vcpu_guest_context *c)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(p->trap); i++)
		p->trap[i] = (struct trap_gate){
			.address = c->trap_ctxt[i].address,
			.cs = selector_fix(c->trap_ctxt[i].cs),
			.flags = c->trap_ctxt[i].flags,
			.set = true,
		};
	p->kernel_ss = selector_fix(c->kernel_ss);
	p->kernel_sp = c->kernel_sp;
	p->event_callback = c->event_callback_eip;
	p->failsafe_callback = c->failsafe_callback_eip;
	p->syscall_callback = c->syscall_callback_eip;
	p->callback_masks = (uint8_t)(!!(c->flags & VGCF_failsafe_disables_events) << 1 |
				      !!(c->flags & VGCF_syscall_disables_events) << 2);
}

int pv_set_context(struct vcpu *v, const struct vcpu_guest_context *c)
{
	struct pv_vcpu *p = &v->pv;
	unsigned i;
	int rc;

	if (!addresses_ok(c))
		return -EINVAL;
	if (!v->initialised && !v->id)
		v->domain->pv.vm_assist = c->vm_assist & VM_ASSISTS; /* the roots go by it */
	if (v->initialised)
		rc = check_same(v, c);
	else
		rc = !(c->flags & VGCF_in_kernel) && !c->ctrlreg[1] ? -EINVAL : take_tables(v, c);
	if (rc)
		return rc;
	p->user_mode = !(c->flags & VGCF_in_kernel);
	p->cr3 = (p->user_mode ? p->user_root : p->kernel_root).n << PAGE_SHIFT;
	if (c->flags & VGCF_i387_valid)
		fpu_set_legacy(v, &c->fpu_ctxt);
	set_registers(v, &c->user_regs);
	set_entries(p, c);
	v->ts = c->ctrlreg[0] & CR0_TS;
	p->ctrlreg[2] = c->ctrlreg[2];
	p->ctrlreg[4] = guest_cr4(c->ctrlreg[4]);
	p->fs_base = c->fs_base;
	p->gs_base[0] = c->gs_base_kernel;
	p->gs_base[1] = c->gs_base_user;
	__builtin_memset(p->debugreg, 0, sizeof(p->debugreg));
	for (i = 0; i < 8; i++)
		(void)debugreg_set(v, i, c->debugreg[i]);
	v->initialised = true;
	v->down = !(c->flags & VGCF_online);
	return 0;
}

static void get_registers(struct vcpu *v, struct cpu_user_regs *u)
{
	__builtin_memcpy(u, &v->regs, sizeof(v->regs));
	u->entry_vector = 0;
	u->saved_upcall_mask = v->info->evtchn_upcall_mask;
	u->rflags |= (uint64_t)v->pv.iopl << 12;
	u->ds = v->pv.ds;
	u->es = v->pv.es;
	u->fs = v->pv.fs;
	u->gs = v->pv.gs;
}

void pv_get_context(struct vcpu *v, struct vcpu_guest_context *c)
{
	const struct pv_vcpu *p = &v->pv;
	unsigned i;

	__builtin_memset(c, 0, sizeof(*c));
	c->flags = VGCF_i387_valid | (p->user_mode ? 0 : VGCF_in_kernel) |
		   (v->down ? 0 : VGCF_online) |
		   (p->callback_masks >> 1 & 1 ? VGCF_failsafe_disables_events : 0) |
		   (p->callback_masks >> 2 & 1 ? VGCF_syscall_disables_events : 0);
	fpu_get_legacy(v, &c->fpu_ctxt);
	get_registers(v, &c->user_regs);
	for (i = 0; i < ARRAY_SIZE(p->trap); i++)
		c->trap_ctxt[i] = (struct trap_info){
			.vector = p->trap[i].set ? (uint8_t)i : 0, .flags = p->trap[i].flags,
			.cs = p->trap[i].cs, .address = p->trap[i].address,
		};
	c->ldt_base = p->ldt_base;
	c->ldt_ents = p->ldt_entries;
	c->gdt_ents = p->gdt_entries;
	for (i = 0; i < DIV_ROUND_UP(p->gdt_entries, 512u); i++)
		c->gdt_frames[i] = p->gdt_mfn[i].n;
	c->kernel_ss = p->kernel_ss;
	c->kernel_sp = p->kernel_sp;
	c->ctrlreg[0] = v->ts ? CR0_TS : 0;
	c->ctrlreg[1] = root_value(p->user_root);
	c->ctrlreg[2] = p->ctrlreg[2];
	c->ctrlreg[3] = root_value(p->kernel_root);
	c->ctrlreg[4] = p->ctrlreg[4];
	__builtin_memcpy(c->debugreg, p->debugreg, sizeof(c->debugreg));
	c->event_callback_eip = p->event_callback;
	c->failsafe_callback_eip = p->failsafe_callback;
	c->syscall_callback_eip = p->syscall_callback;
	c->vm_assist = v->domain->pv.vm_assist;
	c->fs_base = p->fs_base;
	c->gs_base_kernel = p->gs_base[0];
	c->gs_base_user = p->gs_base[1];
}
