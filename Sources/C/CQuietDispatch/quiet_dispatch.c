#include "quiet_dispatch.h"

// On Linux, libdispatch checks its worker threads once a second, to start more if they block. Swift's tasks use these
// threads, so an idle program with a task wakes up 60 times a minute. No option prevents it.
//
// These two functions are that part's whole interface. A static link takes them from here; with a shared libdispatch
// nothing changes. Blocking calls need their own serial queue, as in `BlockingQueue`: it gets a thread at once, without
// monitoring.
void _dispatch_workq_worker_register(void *root_queue) { (void)root_queue; }

void _dispatch_workq_worker_unregister(void *root_queue) { (void)root_queue; }

void quiet_dispatch(void) {}
