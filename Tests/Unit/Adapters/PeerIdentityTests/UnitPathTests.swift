import Testing

@testable import PeerIdentity

struct UnitPathTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var path: String
        var unit: String?
        var slice: String?
        var userUnit: String?
        var testDescription: String { path }

        init(_ path: String, _ unit: String?, _ slice: String?, _ userUnit: String? = nil) {
            (self.path, self.unit, self.slice, self.userUnit) = (path, unit, slice, userUnit)
        }
    }

    @Test(
        "the outermost unit after the slices is the system unit, whatever is named below it",
        arguments: [
            Case("/", nil, "-.slice"),
            Case("/init.scope", "init.scope", "-.slice"),
            Case("/system.slice/backup.service", "backup.service", "system.slice"),
            Case("/system.slice/backup.service/", "backup.service", "system.slice"),
            Case("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", "system-getty.slice"),
            Case("/ci.slice/ci-build.slice/run-u7.scope", "run-u7.scope", "ci-build.slice"),
            // Names chosen by a service with delegation, or a container.
            Case("/system.slice/evil.service/backup.service", "evil.service", "system.slice"),
            Case("/system.slice/evil.service/system.slice/backup.service", "evil.service", "system.slice"),
            Case("/system.slice/docker-0a1b.scope/system.slice/backup.service", "docker-0a1b.scope", "system.slice"),
            Case("/lxc.payload.c1/system.slice/backup.service", nil, "-.slice"),
            Case("/docker/0a1b/system.slice/backup.service", nil, "-.slice"),
            Case("/system.slice/plain/backup.service", nil, "system.slice"),
            // Names chosen by a user manager are units of the user.
            Case(
                "/user.slice/user-1000.slice/user@1000.service/app.slice/backup.service", "user@1000.service",
                "user-1000.slice", "backup.service"),
            Case(
                "/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.slice/a@b.service/c.service",
                "user@1000.service", "user-1000.slice", "a@b.service"),
            Case(
                "/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service", "user-1000.slice",
                "init.scope"),
            Case("/user.slice/user-1000.slice/user@1000.service", "user@1000.service", "user-1000.slice"),
            Case("/user.slice/user-1000.slice/user@1000.service/x.slice", "user@1000.service", "user-1000.slice"),
            Case("/user.slice/user-1000.slice/session-3.scope", "session-3.scope", "user-1000.slice"),
            Case("/system.slice/user@x.service/app.slice/a.service", "user@x.service", "system.slice"),
            // cgroup_escape() puts an underscore before a name that the kernel reserves.
            Case("/system.slice/_cgroup.service", "cgroup.service", "system.slice"),
            Case("/_system.slice/__x.service", "_x.service", "system.slice"),
            Case(#"/system.slice/dev-disk\x2d1.swap"#, #"dev-disk\x2d1.swap"#, "system.slice"),
            // Invalid unit names.
            Case("/system.slice/.service", nil, "system.slice"),
            Case("/system.slice/backup.service (deleted)", nil, "system.slice"),
            Case("/system.slice/backup@.service", nil, "system.slice"),
            Case("/system.slice/@1.service", nil, "system.slice"),
            Case("/system.slice/back up.service", nil, "system.slice"),
            Case("/system.slice/backup.conf", nil, "system.slice"),
            Case("/system.slice/bäckup.service", nil, "system.slice"),
            Case("/system.slice/" + String(repeating: "a", count: 250) + ".service", nil, "system.slice"),
            Case("/../backup.service", nil, "-.slice"),
            Case("/../../system.slice/backup.service", nil, "-.slice"),
            Case("/x@1.slice/backup.service", nil, "-.slice"),
        ])
    func paths(_ expected: Case) {
        let found = UnitPath(path: expected.path[...])
        #expect(found.unit == expected.unit)
        #expect(found.slice == expected.slice)
        #expect(found.userUnit == expected.userUnit)
    }

    @Test(
        "the path is that of version 2, or of systemd's own hierarchy if version 2 has none",
        arguments: [
            ("0::/system.slice/a.service\n", "a.service"),
            ("9:name=systemd:/system.slice/a.service\n0::/\n", "a.service"),
            ("12:pids:/x\n1:name=systemd:/system.slice/a.service\n0::/system.slice/b.service\n", "b.service"),
            ("1:name=systemd:/system.slice/a.service\n", "a.service"),
            ("3:cpu,cpuacct:/system.slice/a.service\n0::/\n", nil),
            ("4:name=other:/system.slice/a.service\n0::/\n", nil),
            ("0::", nil), ("", nil), ("nonsense", nil), ("0:/system.slice/a.service", nil),
            ("00::/system.slice/a.service", nil),
        ] as [(String, String?)])
    func hierarchies(_ file: String, _ unit: String?) {
        #expect(UnitPath(cgroup: Array(file.utf8)).unit == unit)
    }
}
