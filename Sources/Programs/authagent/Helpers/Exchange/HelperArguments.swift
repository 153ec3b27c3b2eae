/// The arguments of a helper, after its name, as the kernel has placed them.
struct HelperArguments {
    private let first: UnsafePointer<UnsafeMutablePointer<CChar>?>
    let count: Int

    /// `arguments`: those of the process, of which the first `used` are not the helper's.
    init(_ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>, count: Int, used: Int) {
        first = arguments + used
        self.count = count - used
    }

    /// The argument; empty if there is none with this number.
    subscript(_ index: Int) -> Bytes {
        guard (0..<count).contains(index), let argument = first[index] else { return Bytes(start: nil, count: 0) }
        return Bytes(argument)
    }

    /// For helpers that are not started often.
    var texts: [String] { (0..<count).map { self[$0].text } }
}
