import Glibc

extension Duration {
    /// What this thread has used of a processor so far. Unlike a clock's time, it does not depend on other processes.
    package static var processorTime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
