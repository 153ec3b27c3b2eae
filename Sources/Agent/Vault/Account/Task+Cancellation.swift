package extension Task where Failure == Never {
    /// The task's value; `nil` if the waiting task is cancelled. The task itself goes on.
    var valueUnlessCancelled: Success? {
        get async {
            let (values, continuation) = AsyncStream.makeStream(of: Success.self)
            // Unstructured task: it ends with the awaited task.
            Task<Void, Never> {
                continuation.yield(await self.value)
                continuation.finish()
            }
            var waiting = values.makeAsyncIterator()
            return await waiting.next()
        }
    }
}
