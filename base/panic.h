/* Assertions that stay on in every build: a wrong replica must stop, not vote. */
#ifndef RG_BASE_PANIC_H
#define RG_BASE_PANIC_H

/* Print file, line and expression to stderr and abort. Never returns. */
_Noreturn void rg_panic(const char *file, int line, const char *expr);

/* A programmer's error ends the process. Must not be reachable from network, disk or config. */
#define RG_ASSERT(e) ((e) ? (void)0 : rg_panic(__FILE__, __LINE__, #e))

#endif /* RG_BASE_PANIC_H */
