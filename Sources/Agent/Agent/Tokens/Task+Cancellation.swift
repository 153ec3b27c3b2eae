extension Task where Failure == Never {
    /// What the task comes to; nil as soon as whoever waits is cancelled. The task itself goes on.
    var valueUnlessCancelled: Success? {
        get async {
            let (values, continuation) = AsyncStream.makeStream(of: Success.self)
            // No parent: it ends with the task.
            Task<Void, Never> {
                continuation.yield(await self.value)
                continuation.finish()
            }
            var waiting = values.makeAsyncIterator()
            return await waiting.next()
        }
    }
}
