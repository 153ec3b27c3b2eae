#define _GNU_SOURCE
#include "quiet_dispatch.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// On Linux, libdispatch checks its worker threads once a second, to start more if they block. Swift's tasks use these
// threads, so an idle program with a task wakes up 60 times a minute. No option prevents it.
//
// These two functions are that part's whole interface. A static link takes them from here; with a shared libdispatch
// nothing changes. Blocking calls need their own serial queue, as in `BlockingQueue`: it gets a thread at once, without
// monitoring.
void _dispatch_workq_worker_register(void *root_queue) { (void)root_queue; }

void _dispatch_workq_worker_unregister(void *root_queue) { (void)root_queue; }

// libdispatch gives its threads priorities, and prints an error for each that is refused, as in the units. The priority is
// of no account, so a refusal is not reported.
int setpriority(__priority_which_t which, id_t who, int priority) {
    (void)syscall(SYS_setpriority, which, who, priority);
    return 0;
}

void quiet_dispatch(void) {}
