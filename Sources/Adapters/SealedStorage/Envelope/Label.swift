/// What a sealed file is: it opens as this and as nothing else, wherever it is moved to.
public struct Label: Equatable, Sendable {
    /// Which part of the agent it is for.
    public var purpose: String
    /// Whose it is, such as an account's name.
    public var name: String
    public var generation: UInt64

    public init(purpose: String, name: String, generation: UInt64) {
        self.purpose = purpose
        self.name = name
        self.generation = generation
    }
}
