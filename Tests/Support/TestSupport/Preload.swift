import Foundation

/// A preloaded library that replaces C library functions in a program, for faults that no file system here has.
public final class Preload: Sendable {
    private let files: TemporaryDirectory
    public let path: String

    public init(_ code: String) async throws {
        files = try TemporaryDirectory()
        path = files.path + "/preload.so"
        let compiler = try MissingProgram.require("cc", package: "gcc")
        let source = try files.file("preload.c", "#define _GNU_SOURCE\n" + code)
        let result = try await ChildProcess.run(compiler, ["-shared", "-fPIC", "-O1", "-o", path, source, "-ldl"])
        guard result.status == 0 else { throw Failed(errors: result.errors) }
    }

    public struct Failed: Error { let errors: String }

    /// Makes fsync(2) of a directory fail with this error.
    public static func directorySync(error: Int32) async throws -> Preload {
        try await Preload(
            """
            #include <sys/stat.h>
            #include <unistd.h>
            #include <errno.h>
            #include <dlfcn.h>
            int fsync(int fd) {
                struct stat s;
                if (fstat(fd, &s) == 0 && S_ISDIR(s.st_mode)) { errno = \(error); return -1; }
                return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
            }
            """)
    }

    /// Makes flock(2) fail with this error, or block if it is 0.
    public static func lock(error: Int32) async throws -> Preload {
        try await Preload(
            """
            #include <unistd.h>
            #include <errno.h>
            int flock(int fd, int operation) {
                while (\(error) == 0) pause();
                errno = \(error);
                return -1;
            }
            """)
    }
}
