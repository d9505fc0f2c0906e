/* Named places at which a test ends the process as a power cut would. Nothing in a product build:
 * only one configured with RG_FAILPOINTS=ON looks at the environment variable RG_FAIL_AT,
 * "NAME:COUNT", and kills itself when it comes to NAME for the COUNT-th time. tests/crash/points.sh
 * finds the names here and in the code. */
#ifndef RG_BASE_FAILPOINT_H
#define RG_BASE_FAILPOINT_H

#ifdef RG_FAILPOINTS
/* Kill this process if it is the moment; else return. Thread: any. */
void rg_failpoint(const char *name);
#define RG_FAILPOINT(name) rg_failpoint(name)
#else
#define RG_FAILPOINT(name) ((void)0)
#endif

#endif /* RG_BASE_FAILPOINT_H */
