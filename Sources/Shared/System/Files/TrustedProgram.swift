internal import Glibc

/// Programs that the configuration names: only root and this user may have put them in place, or may change them.
public enum TrustedProgram {
    /// Refuses a program that another user controls, and one that this user cannot execute.
    public static func require(_ path: String) throws(Fault) {
        let file: Descriptor
        do throws(PathFault) {
            guard let opened = try TrustedFile.open(path) else {
                throw PathFault(path, .system("open", ENOENT))
            }
            file = opened
        } catch {
            guard case .system(_, ENOENT) = error.reason else { throw error.fault }
            throw Fault("there is no program \(path)", hint: "install it, or correct its path")
        }
        do throws(FileRequirement.Violation) {
            try FileRequirement(owners: .userOrRoot, forbidden: 0o022).check(file)
        } catch { throw fault(of: path, error) }
        guard access(path, X_OK) == 0 else {
            throw Fault("\(path) cannot be executed: \(text(errno))", hint: "run 'chmod u+x \(path)'")
        }
    }

    private static func fault(of path: String, _ violation: FileRequirement.Violation) -> Fault {
        switch violation {
        case .unknown(let code): Fault("cannot examine \(path): \(text(code))", hint: "run 'ls -ld \(path)' to see why")
        case .notRegular, .hardLinks: Fault("\(path) is not a program", hint: "give the path of an executable file")
        case .owner(let owner):
            Fault(
                "\(path) belongs to user \(UserNumbers.text(owner))",
                hint: "name a program of root or of your own")
        case .mode: Fault("others may write to \(path)", hint: "run 'chmod go-w \(path)'")
        }
    }

    private static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
