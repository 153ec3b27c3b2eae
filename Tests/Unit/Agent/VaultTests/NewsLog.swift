import Synchronization
import Vault

/// The news that an account has reported, in order.
final class NewsLog: Sendable {
    private let news = Mutex<[AccountNews]>([])

    func append(_ item: AccountNews) { news.withLock { $0.append(item) } }

    var all: [AccountNews] { news.withLock { $0 } }

    /// Returns the news since the last call.
    func take() -> [AccountNews] {
        news.withLock { news in
            defer { news = [] }
            return news
        }
    }
}
