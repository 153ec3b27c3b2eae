import Synchronization
import Vault

/// What an account has told, in order.
final class NewsLog: Sendable {
    private let news = Mutex<[AccountNews]>([])

    func append(_ item: AccountNews) { news.withLock { $0.append(item) } }

    var all: [AccountNews] { news.withLock { $0 } }

    /// What was told since this was last asked.
    func take() -> [AccountNews] {
        news.withLock { news in
            defer { news = [] }
            return news
        }
    }
}
