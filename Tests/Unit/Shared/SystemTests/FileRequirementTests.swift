import Foundation
import System
import TestSupport
import Testing

/// The checks of an opened file, with real files.
struct FileRequirementTests {
    let files: TemporaryDirectory

    init() throws { files = try TemporaryDirectory() }

    private func violation(_ path: String, _ requirement: FileRequirement) -> FileRequirement.Violation? {
        let file = Descriptor(owning: open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK))
        do throws(FileRequirement.Violation) {
            try requirement.check(file)
            return nil
        } catch { return error }
    }

    @Test("a file that meets all requirements has its size reported")
    func size() throws {
        let file = Descriptor(owning: open(try files.file("a", "12345"), O_RDONLY | O_CLOEXEC))
        let requirement = FileRequirement(owners: .user, forbidden: 0o077, mayHaveHardLinks: false)
        #expect(try requirement.check(file.raw) == 5)
    }

    @Test("type, mode and links are violations only if they are required")
    func violations() throws {
        #expect(violation(files.path, FileRequirement()) == .notRegular)
        let loose = try files.file("loose", "", mode: 0o640)
        #expect(violation(loose, FileRequirement(forbidden: 0o077)) == .mode(0o640))
        #expect(violation(loose, FileRequirement(forbidden: 0o022)) == nil)
        #expect(link(loose, files.path + "/second") == 0)
        #expect(violation(loose, FileRequirement(mayHaveHardLinks: false)) == .hardLinks)
        #expect(violation(loose, FileRequirement()) == nil)
    }

    @Test("a file of another user is refused where the owner matters")
    func owner() throws {
        // Root gives a file away; other users have one of root.
        let isRoot = getuid() == 0
        let path = isRoot ? try files.file("a", "") : "/etc/passwd"
        if isRoot { #expect(chown(path, 4242, 4242) == 0) }
        #expect(violation(path, FileRequirement(owners: .user)) == .owner(isRoot ? 4242 : 0))
        #expect(violation(path, FileRequirement(owners: .userOrRoot)) == (isRoot ? .owner(4242) : nil))
        #expect(violation(path, FileRequirement()) == nil)
    }

    @Test("a closed descriptor is reported with the error number")
    func closed() {
        #expect(throws: FileRequirement.Violation.unknown(errno: EBADF)) { try FileRequirement().check(-1) }
    }
}
