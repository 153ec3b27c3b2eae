internal import AuthagentClient
internal import Glibc

/// Standard input, with a limit: no request of these contracts comes near it.
enum HelperInput {
    static let longest = 64 * 1024

    /// Reads to the end.
    static func all() throws(Failure) -> RawBytes {
        var input = RawBytes(capacity: firstRead)
        while try readSome(into: &input) {}
        return input
    }

    /// Reads until `isComplete`, or to the end.
    static func read(until isComplete: (Bytes) -> Bool) throws(Failure) -> RawBytes {
        var input = RawBytes(capacity: firstRead)
        while !input.withBytes(isComplete), try readSome(into: &input) {}
        return input
    }

    /// Reads the next line without its end; `nil` at the end of the input. `rest` has what was read beyond it.
    static func line(_ rest: inout RawBytes) throws(Failure) -> RawBytes? {
        while true {
            if let end = rest.withBytes({ $0.place(of: "\n") }) {
                var line = RawBytes(capacity: end)
                rest.withBytes { line.append($0.part(0, end)) }
                rest.removeFirst(end + 1)
                return line
            }
            guard try readSome(into: &rest) else {
                guard !rest.isEmpty else { return nil }
                var line = RawBytes(capacity: rest.count)
                rest.withBytes { line.append($0) }
                rest.removeFirst(rest.count)
                return line
            }
        }
    }

    /// More would touch further pages of the heap.
    private static let firstRead = 2 * 1024

    /// Returns false at the end of the input.
    private static func readSome(into input: inout RawBytes) throws(Failure) -> Bool {
        var count: Int
        // Not `SystemCall.uninterrupted`, which is generic.
        repeat {
            count = input.append { Glibc.read(STDIN_FILENO, $0.baseAddress, $0.count) }
        } while count < 0 && errno == EINTR
        guard count >= 0 else {
            throw Failure("cannot read standard input: \(String(cString: strerror(errno)))", hint: Helper.usageHint)
        }
        guard input.count <= longest else {
            throw Failure(
                "the request on standard input is longer than \(longest) bytes", hint: Helper.usageHint)
        }
        return count > 0
    }
}
