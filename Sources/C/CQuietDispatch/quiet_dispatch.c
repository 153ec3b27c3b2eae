#include "quiet_dispatch.h"

// libdispatch on Linux looks at its worker threads once a second for as long as the process lives, to start more of them
// when those that there are block. Swift's tasks run on these threads, so that every program with a task wakes the machine
// up 60 times a minute while it does nothing. There is no way to ask it not to.
//
// These two functions are all that the rest of libdispatch uses of that part. A static link takes them from here instead of
// from its archive; where libdispatch is a shared library, nothing changes. Whoever blocks must do so on a serial queue of
// its own, as `BlockingQueue` does: those get a thread at once, without being looked at.
void _dispatch_workq_worker_register(void *root_queue) { (void)root_queue; }

void _dispatch_workq_worker_unregister(void *root_queue) { (void)root_queue; }

void quiet_dispatch(void) {}
