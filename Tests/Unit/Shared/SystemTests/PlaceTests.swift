import Foundation
import System
import TestSupport
import Testing

/// The directories that lead to the agent's files.
struct PlaceTests {
    let files: TemporaryDirectory

    init() throws { files = try TemporaryDirectory() }

    private func fault(_ path: String) -> PathFault.Reason? {
        do throws(PathFault) { try TrustedFile.requireClosed(path) } catch {
            #expect(!error.hint.isEmpty)
            return error.reason
        }
        return nil
    }

    @Test("a directory writable by others is refused anywhere on the way, also if the rest is missing")
    func loose() throws {
        let inner = try files.directory("loose/inner")
        let path = files.path + "/loose"
        #expect(fault(inner) == nil)
        chmod(path, 0o777)
        for place in [inner, path, path + "/missing/authagent"] {
            #expect(fault(place) == .writable(owner: getuid(), user: getuid()), "\(place)")
        }
        symlink(inner, files.path + "/link")
        #expect(fault(files.path + "/link/authagent") == .writable(owner: getuid(), user: getuid()))
        // As in /tmp: other users cannot move what is this user's.
        chmod(path, 0o1777)
        #expect(fault(inner) == nil)
        chmod(path, 0o755)
        #expect(fault(path + "/missing/authagent") == nil)
    }

    @Test(
        "if a directory cannot be created, the hint names the variables that move it",
        arguments: [EACCES, EPERM, EROFS])
    func unwritable(code: Int32) {
        let hint = LocalSocketError.system(call: "mkdir", path: "/.local", errno: code).hint
        for name in ["XDG_STATE_HOME", "XDG_CONFIG_HOME", "AUTHAGENT_SOCK"] { #expect(hint.contains(name)) }
    }

    @Test("a file in a closed directory is opened, a missing one is `nil`, a link counts by its target")
    func opening() throws {
        let file = try files.file("file", "text")
        let open = try files.directory("open")
        try files.file("open/file", "text")
        chmod(open, 0o777)
        symlink(open + "/file", files.path + "/link")
        #expect(try isThere(file))
        #expect(try !isThere(files.path + "/none"))
        #expect(try !isThere(files.path + "/none/none"))
        #expect(throws: PathFault.self) { try isThere(files.path + "/link") }
        #expect(throws: PathFault.self) { try isThere("relative") }
        #expect(throws: PathFault.self) { try isThere(file + "/none") }
        symlink(files.path + "/turns", files.path + "/turns")
        #expect(throws: PathFault.self) { try isThere(files.path + "/turns") }
    }

    @discardableResult
    private func isThere(_ path: String) throws -> Bool {
        guard let file = try TrustedFile.open(path) else { return false }
        return file.raw >= 0
    }

    @Test("directories are created private to this user, through its own or root's links")
    func making() throws {
        let real = try files.directory("real")
        symlink(real, files.path + "/link")
        try TrustedFile.makeDirectory(files.path + "/link/a/b")
        var status = stat()
        for name in ["/real/a", "/real/a/b"] {
            try #require(stat(files.path + name, &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o700)
        }
        try TrustedFile.makeDirectory(files.path + "/link/a/b")
    }

    private static let users = "root:x:0:0:::\nann:x:1000:1000:::\nbob:x:1001:1001:::\neve:x:1002:1001:::\n"
    private static let groups = "root:x:0:\nann:x:1000:\nbob:x:1001:\nstaff:x:50:ann,bob\nempty:x:60:\nmine:x:70:ann\n"

    @Test(
        "a group is private if the owner is its only member, as in Debian's user groups",
        arguments: [
            (1000, 1000, true), (0, 0, true), (70, 1000, true), (1001, 1001, false), (50, 1000, false),
            (60, 1000, false), (1000, 1001, false), (4711, 1000, false),
        ] as [(UInt32, UInt32, Bool)])
    func privateGroup(group: UInt32, owner: UInt32, isPrivate: Bool) {
        #expect(
            UserNumbers.isPrivate(group: group, of: owner, users: Self.users, groups: Self.groups) == isPrivate)
        let joined = Self.groups.replacingOccurrences(of: "ann:x:1000:", with: "ann:x:1000:bob")
        #expect(!UserNumbers.isPrivate(group: 1000, of: 1000, users: Self.users, groups: joined))
    }

    @Test("a user's name is used only if it needs no quoting on a command line")
    func names() {
        let users = "-rf:x:1:1:::\nit's:x:2:2:::\na b:x:3:3:::\n:x:4:4:::\nwww-data:x:5:5:::\n"
        #expect((1...5).map { UserNumbers.name(of: $0, in: users) } == [nil, nil, nil, nil, "www-data"])
    }
}

/// Directories and links of another user, which only root can create.
struct ForeignPlaceTests {
    private static let user: UInt32 = 65_534
    let files: TemporaryDirectory

    init() throws {
        try #require(getuid() == 0, "only root can give a directory away")
        files = try TemporaryDirectory()
    }

    private func give(_ path: String) { #expect(lchown(path, Self.user, Self.user) == 0) }

    private func error(_ path: String) -> LocalSocketError? {
        do throws(LocalSocketError) { try PrivateDirectory.prepareTree(path) } catch { return error }
        return nil
    }

    @Test("nothing is created below another user's directory; the error names its owner and 'sudo -u'")
    func directory() throws {
        let home = try files.directory("home")
        give(home)
        for path in [home + "/.local/state/authagent", home + "/authagent"] {
            let error = error(path)
            #expect(error?.description == "\(home) belongs to user 65534 (nobody)")
            #expect(error?.hint.contains("sudo -u nobody authagent") == true)
        }
        #expect(throws: LocalSocketError.self) { try PrivateDirectory.prepare(home + "/authagent") }
        // Also if the last directory is root's again, below the user's.
        let inner = try files.directory("home/roots")
        #expect(error(inner + "/authagent") != nil)
        #expect(throws: LocalSocketError.self) { try OwnedPaths.require([inner]) }
        #expect(try FileManager.default.subpathsOfDirectory(atPath: home) == ["roots"])
    }

    @Test("another user's link is refused; root's is followed, as from /home to another disk")
    func links() throws {
        let real = try files.directory("real")
        let link = files.path + "/link"
        symlink(real, link)
        give(link)
        #expect(error(link + "/authagent")?.description == "\(link) belongs to user 65534 (nobody)")
        #expect(throws: LocalSocketError.self) { try OwnedPaths.require([link]) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: real).isEmpty)
        #expect(lchown(link, 0, 0) == 0)
        #expect(error(link + "/authagent") == nil)
    }

    @Test("a hint never changes owner or mode of a directory with foreign contents")
    func hints() throws {
        let shared = try files.directory("shared")
        try files.file("shared/other", "")
        chmod(shared, 0o755)
        let errors: [LocalSocketError] = [
            .directoryIsLoose(shared, mode: 0o755), .directoryIsNotForGroup(shared, 1),
            .directoryHasOtherOwner(shared, owner: Self.user), .notADirectory(shared),
            .directoryMissing("/run/user/65534"),
        ]
        for error in errors {
            for word in ["chmod", "chown", "chgrp", "rm ", "mkdir"] { #expect(!error.hint.contains(word), "\(error)") }
        }
        // Sharing stays possible: +t keeps access for others.
        chmod(shared, 0o777)
        do throws(PathFault) {
            try TrustedFile.requireClosed(shared + "/authagent")
            Issue.record("it is not closed")
        } catch { #expect(error.hint.contains("chmod +t \(shared)")) }
    }

    @Test("in a shared volume a private directory is created, and another user's is refused")
    func sharedVolume() throws {
        let volume = try files.directory("volume")
        chmod(volume, 0o777)
        #expect(error(volume + "/authagent") == nil)
        var status = stat()
        #expect(stat(volume + "/authagent", &status) == 0 && status.st_mode & 0o7777 == 0o700)
        give(volume + "/authagent")
        #expect(error(volume + "/authagent") == .directoryHasOtherOwner(volume + "/authagent", owner: Self.user))
    }
}
