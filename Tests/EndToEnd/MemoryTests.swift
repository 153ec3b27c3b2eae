import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct MemoryTests {
    @Test("a connection leaves nothing behind in the agent")
    func connections() async throws {
        let home = try AgentHome()
        try await home.authagent("start")
        let pid = try #require(home.daemonPID)
        let request = Array("GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
        // Warm-up: one-time allocations.
        try await home.exchange(request, times: 500)
        let before = try residentBytes(pid)
        let count = 3_000
        try await home.exchange(request, times: count)
        let growth = try residentBytes(pid) - before
        #expect(growth < count * 256, "\(growth / count) bytes per connection")
    }

    /// proc(5), /proc/PID/statm: the second number is in pages.
    private func residentBytes(_ pid: Int32) throws -> Int {
        let numbers = try String(contentsOfFile: "/proc/\(pid)/statm", encoding: .utf8).split(separator: " ")
        return try #require(Int(numbers[1])) * sysconf(Int32(_SC_PAGESIZE))
    }
}
