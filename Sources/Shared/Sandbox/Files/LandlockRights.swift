internal import CSandbox

/// Access rights of Landlock, by what they are given for.
enum LandlockRights {
    /// What is denied where it is not given. Reading is not: the agent's files, certificates and libraries are anywhere.
    static func handled(_ version: Int) -> UInt64 {
        var rights =
            right(csandbox_execute) | right(csandbox_write_file) | right(csandbox_remove_directory)
            | right(csandbox_remove_file) | right(csandbox_make_character_device) | right(csandbox_make_directory)
            | right(csandbox_make_file) | right(csandbox_make_socket) | right(csandbox_make_fifo)
            | right(csandbox_make_block_device) | right(csandbox_make_link)
        // Without it the kernel forbids each rename between two directories (Linux 5.19).
        if version >= 2 { rights |= right(csandbox_refer) }
        // Linux 6.2: before, truncate(2) needs no right.
        if version >= 3 { rights |= right(csandbox_truncate) }
        // Linux 6.10: devices that are opened from now on.
        if version >= 5 { rights |= right(csandbox_ioctl_device) }
        return rights
    }

    /// All changes but device files, which would need privileges in any case.
    static let changes =
        right(csandbox_write_file) | right(csandbox_remove_directory) | right(csandbox_remove_file)
        | right(csandbox_make_directory) | right(csandbox_make_file) | right(csandbox_make_socket)
        | right(csandbox_make_fifo) | right(csandbox_make_link) | right(csandbox_refer) | right(csandbox_truncate)
    /// Of nothing that holds data.
    static let places =
        right(csandbox_make_directory) | right(csandbox_make_socket) | right(csandbox_remove_directory)
    /// With ioctl(2), by which libraries ask whether it is a terminal.
    static let writes = right(csandbox_write_file) | right(csandbox_truncate) | right(csandbox_ioctl_device)
    static let execution = right(csandbox_execute)

    private static func right(_ right: csandbox_right) -> UInt64 { UInt64(right.rawValue) }
}
