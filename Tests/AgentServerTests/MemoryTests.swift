import Foundation
import Testing

struct MemoryTests {
    @Test("a connection leaves nothing behind")
    func connections() async {
        // In a process of its own, because other tests allocate, too.
        await #expect(processExitsWith: .success) {
            try await ServerFixture.serving { server in
                for _ in 0..<500 { _ = try await server.exchange(.get("/v1/health")) }
                let before = try Self.residentBytes()
                let count = 3_000
                for _ in 0..<count { _ = try await server.exchange(.get("/v1/health")) }
                let growth = try Self.residentBytes() - before
                try #require(growth < count * 256, "\(growth / count) bytes per connection")
            }
        }
    }

    /// proc(5), statm: the second number is in pages.
    private static func residentBytes() throws -> Int {
        let numbers = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return try #require(Int(numbers[1])) * sysconf(Int32(_SC_PAGESIZE))
    }
}
