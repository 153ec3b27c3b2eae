import KeyringProtocol
import Testing

/// The choice of the session bus by a keyring helper.
struct BusAddressTests {
    /// This user is 1000; `/other/…` belongs to user 1001, `/own/…` to this user; other paths do not exist.
    private func choices(
        _ value: String?, runtime: String? = nil, hasOwn: Bool = true
    ) -> Result<[String], BusAddress.Missing> {
        var environment = ["HOME": "/home/a"]
        environment["DBUS_SESSION_BUS_ADDRESS"] = value
        environment["XDG_RUNTIME_DIR"] = runtime
        do throws(BusAddress.Missing) {
            let found = try BusAddress.choices(environment: environment, user: 1000) { path in
                if path.hasPrefix("/run/user/1000") { return hasOwn ? 1000 : nil }
                return path.hasPrefix("/other") ? 1001 : path.hasPrefix("/own") ? 1000 : nil
            }
            return .success(found.map(\.text))
        } catch { return .failure(error) }
    }

    private let own = "unix:path=/run/user/1000/bus"

    @Test("the variable's bus is tried first, then the one in /run/user")
    func variable() {
        for value in ["unix:path=/own/bus", "unix:path=/gone", "unix:abstract=/tmp/x,guid=1", "tcp:host=a,port=1"] {
            #expect(choices(value) == .success([value, own]))
            #expect(choices(value, hasOwn: false) == .success([value]))
        }
        #expect(choices(own) == .success([own]))
        #expect(choices("unix:path=/gone;unix:path=/own/bus") == .success(["unix:path=/gone;unix:path=/own/bus", own]))
    }

    @Test("without a variable, the bus of XDG_RUNTIME_DIR is used, else that of /run/user")
    func runtime() {
        #expect(choices(nil) == .success([own]))
        #expect(choices("", runtime: "") == .success([own]))
        #expect(choices(nil, runtime: "/own") == .success(["unix:path=/own/bus", own]))
        #expect(choices(nil, runtime: "/gone") == .success([own]))
        #expect(choices(nil, runtime: "/own a,b", hasOwn: false) == .success(["unix:path=/own%20a%2cb/bus"]))
        #expect(choices(nil, hasOwn: false) == .failure(.init("there is no session bus")))
    }

    @Test("another user's bus is never used: the user's own is, or the error names the path")
    func foreign() {
        let foreign = "unix:path=/other/bus"
        #expect(choices(foreign) == .success([own]))
        #expect(choices("unix:path=%2Fother/bus;" + foreign) == .success([own]))
        #expect(choices(foreign + ";unix:path=/own/bus") == .success(["unix:path=/own/bus", own]))
        #expect(choices(nil, runtime: "/other") == .success([own]))
        for (value, runtime) in [(foreign, nil), (nil, "/other")] {
            guard case .failure(let missing) = choices(value, runtime: runtime, hasOwn: false) else {
                Issue.record("another user's bus is asked")
                continue
            }
            #expect(missing.detail.contains(runtime.map { "XDG_RUNTIME_DIR=\($0)" } ?? "BUS_ADDRESS=\(foreign)"))
            #expect(missing.detail.contains("belongs to"))
        }
    }

    @Test(
        "an invalid address is used and shown, bounded and cleaned: no bus is started",
        arguments: [
            "/dev/null", "disabled:", "autolaunch:", "autolaunch:scope=*install-path", "unix:",
            "unixexec:path=/bin/true",
            "nonsense", ";", "\u{1B}[2J", String(repeating: "x", count: 100_000),
        ])
    func none(value: String) {
        guard case .failure(let missing) = choices(value, runtime: "/own") else {
            Issue.record("\(value) is asked")
            return
        }
        #expect(missing.detail.contains("DBUS_SESSION_BUS_ADDRESS="))
        #expect(missing.detail.contains(value.prefix(100)) || value.contains("\u{1B}"))
        #expect(missing.detail.utf8.count < 300 && missing.detail.utf8.allSatisfy { $0 >= 0x20 })
    }
}
