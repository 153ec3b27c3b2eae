// Enters the sandbox of the agent or of the keyring helper, and then does what an intruder in such a process would try.
//
// usage: sandbox-actor agent|helper|nested|none DIRECTORY HELPER, with commands as lines on standard input:
//
//   calls             tries each call of CForbiddenCalls, and prints its name and error
//   report            prints what is in force
//   directory PATH    makes and removes a directory, and prints the error
//   write PATH        and rename FROM TO, read PATH, execute PATH, socket FAMILY: print the error
//   start             starts the helper as the agent does, and prints its exit code
//   allows PATH       prints whether the sandbox allows writing to the directory
//   program PID       prints the program of a process as the process reader sees it
//   executable PID    prints the number of its file
//   holder NUMBER     prints the process that has the socket open
//   link PID          prints the program of a process as this one sees it
//   reader            prints the process reader's number
internal import CForbiddenCalls
internal import Glibc
internal import Sandbox
internal import System

let arguments = CommandLine.arguments
guard arguments.count == 4 else { exit(2) }
let (kind, directory, helper) = (arguments[1], arguments[2], arguments[3])

func entered() -> Sandbox? {
    switch kind {
    case "agent":
        return Sandbox.enter(
            .agent(helper: helper, files: FileAccess(directories: [directory], places: ["/"])))
    case "helper": return Sandbox.enter(.keyringHelper)
    case "nested":
        // As in a container whose own filter knows neither seccomp(2) nor landlock(7).
        _ = Sandbox.enter(.keyringHelper)
        return Sandbox.enter(.agent(helper: helper, files: FileAccess(directories: [directory])))
    default: return nil
    }
}

func name(_ code: Int32) -> String {
    switch code {
    case 0: "done"
    case EPERM: "EPERM"
    case EACCES: "EACCES"
    case ENOSYS: "ENOSYS"
    default: "\(code)"
    }
}

func started() -> String {
    let program = ProgramStart(helper, environment: [:])
    guard let ends = DescriptorPair.connection() else { return "no descriptors" }
    var pid: Int32 = 0
    let copy = program.unreadableCopy()
    let code = program.helper(channel: ends.second, file: copy < 0 ? nil : copy, &pid)
    var status: Int32 = 0
    guard code == 0, waitpid(pid, &status, 0) == pid else { return name(code) }
    return "exit \(status >> 8 & 0xFF)"
}

func link(_ pid: String) -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/\(pid)/exe", &buffer, buffer.count)
    guard count >= 0 else { return name(errno) }
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

func answer(_ words: [String], _ sandbox: Sandbox?) -> String {
    let first = words.count > 1 ? words[1] : ""
    let number = Int32(first) ?? 0
    switch words.first {
    case "report": return sandbox.map { "\($0.report)" } ?? "none"
    case "directory": return name(mkdir(first, 0o700) == 0 && rmdir(first) == 0 ? 0 : errno)
    case "write": return name(forbidden_write(first))
    case "rename": return name(forbidden_rename(first, words[2]))
    case "read":
        let file = open(first, O_RDONLY | O_CLOEXEC)
        defer { if file >= 0 { close(file) } }
        return file < 0 ? name(errno) : "done"
    case "execute": return name(forbidden_execute(first))
    case "socket": return name(forbidden_socket(number))
    case "start": return started()
    case "allows": return "\(sandbox?.allowsWriting(to: first) ?? true)"
    case "program":
        guard let program = ProcessReader.shared?.program(of: number) else { return "unknown" }
        return "\(program.link) \(program.stat.split(separator: " ").count)"
    case "executable":
        guard let file = ProcessReader.shared?.executable(of: number) else { return "unknown" }
        return FileState(descriptor: file.raw).map { "\($0.number)" } ?? "unknown"
    case "holder": return ProcessReader.shared?.holder(ofSocket: UInt64(first) ?? 0).map { "\($0)" } ?? "unknown"
    case "link": return link(first)
    case "reader": return ProcessReader.shared.map { "\($0.pid) \($0.isAlive)" } ?? "none"
    default: return "unknown command"
    }
}

func say(_ line: String) {
    print(line)
    fflush(nil)
}

let sandbox = entered()
say("ready")
while let line = readLine() {
    let words = line.split(separator: " ").map(String.init)
    guard words == ["calls"] else {
        say(answer(words, sandbox))
        continue
    }
    for index in 0..<forbidden_call_count() {
        say(String(cString: forbidden_call_name(index)) + " " + name(forbidden_call_attempt(index)))
    }
    say("end")
}
