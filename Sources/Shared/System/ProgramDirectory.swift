internal import Glibc

/// Where this process's program lies, so that the others of the same installation are found beside it and never in PATH.
public func programDirectory() -> String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let program = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    return program.lastIndex(of: "/").map { String(program[..<$0]) } ?? "."
}
