internal import CLinux
internal import Glibc
internal import Synchronization

/// A small allocator over pages that are locked into memory and excluded from core dumps.
///
/// Tokens are small and many; a locked page for each would soon reach RLIMIT_MEMLOCK. Slots of one size share a chunk.
final class LockedPages: Sendable {
    static let shared = LockedPages()

    struct Slot {
        let address: UnsafeMutableRawPointer
        let capacity: Int
    }

    /// Whether every chunk could be locked. False if RLIMIT_MEMLOCK is too small: the memory is still wiped and
    /// excluded from dumps, but may be swapped.
    var isLocked: Bool { state.withLock { $0.everythingLocked } }

    /// 64 KiB, the default RLIMIT_MEMLOCK of old kernels, so that the first chunk always fits.
    private static let chunkSize = 64 * 1024
    private static let smallestSlot = 64

    private struct State: ~Copyable {
        /// Free slots by size.
        var free: [Int: [UInt]] = [:]
        var everythingLocked = true
    }

    private let state = Mutex(State())

    /// Returns zeroed memory of at least `count` bytes at a fixed address.
    func allocate(_ count: Int) -> Slot {
        let capacity = Self.capacity(for: count)
        let address = state.withLock { state in
            if let address = state.free[capacity]?.popLast() { return address }
            let size = max(Self.chunkSize, capacity)
            let (chunk, locked) = Self.map(size)
            if !locked { state.everythingLocked = false }
            let slots = stride(from: chunk, to: chunk + UInt(size), by: capacity)
            state.free[capacity, default: []].append(contentsOf: slots.dropFirst().reversed())
            return chunk
        }
        return Slot(address: UnsafeMutableRawPointer(bitPattern: address).unsafelyUnwrapped, capacity: capacity)
    }

    /// Wipes the slot and makes it available again.
    func free(_ slot: Slot) {
        explicit_bzero(slot.address, slot.capacity)
        state.withLock { $0.free[slot.capacity, default: []].append(UInt(bitPattern: slot.address)) }
    }

    /// The next power of two, so that every slot size divides a chunk.
    private static func capacity(for count: Int) -> Int {
        var capacity = smallestSlot
        while capacity < count { capacity *= 2 }
        return capacity
    }

    private static func map(_ size: Int) -> (address: UInt, locked: Bool) {
        let address = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let address, address != MAP_FAILED else {
            // Fatal like any other exhausted allocation in Swift.
            fatalError("out of memory for secrets")
        }
        _ = madvise(address, size, MADV_DONTDUMP)
        _ = clinux_wipe_on_fork(address, size)
        return (UInt(bitPattern: address), mlock(address, size) == 0)
    }
}
