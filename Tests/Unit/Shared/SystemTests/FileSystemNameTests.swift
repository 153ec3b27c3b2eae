import System
import Testing

struct FileSystemNameTests {
    private static let table = """
        21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
        22 21 0:40 / /home rw master:2 shared:3 - nfs4 server:/home rw,vers=4.2
        23 21 0:41 / /home/a\\040b rw - fuse.sshfs x rw
        24 21 0:42 / /over rw - ext4 x rw
        25 21 0:43 / /over rw - cifs x rw
        """

    @Test("a path's file system is that of the longest mount point, and of its last mount")
    func longest() {
        let cases = [
            "/home/user/.local": "nfs4", "/home": "nfs4", "/homes/x": "ext4", "/home/a b/x": "fuse.sshfs",
            "/over/x": "cifs", "/": "ext4",
        ]
        for (path, type) in cases { #expect(FileSystemName.type(of: path, in: Self.table) == type, "\(path)") }
        #expect(FileSystemName.type(of: "/x", in: "nonsense\n1 2 3 4 /") == nil)
    }
}
