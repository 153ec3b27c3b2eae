internal import CCurl
internal import Glibc
internal import OAuth
internal import SecretMemory
internal import Synchronization

/// The thread that runs all transfers of a transport. Sleeps in `curl_multi_poll` until a socket is ready or an order
/// arrives; without transfers it never wakes up.
final class TransferLoop: Sendable {
    private enum Order {
        case start(Transfer)
        case cancel(Transfer)
        /// End when no transfer is left.
        case retire
        case stop
    }

    private struct State {
        var orders: [Order] = []
        var isStopped = false
    }

    // Sendable: the handle is written in init; other threads only call the thread-safe curl_multi_wakeup on it.
    private nonisolated(unsafe) let multi: UnsafeMutableRawPointer
    private let state = Mutex(State())
    private let lookups: SharedLookups

    /// One hour: a longer poll gains nothing, and a jump of the clock cannot overflow it.
    private static let longestPoll: Int32 = 3_600_000

    init(_ lookups: SharedLookups) {
        self.lookups = lookups
        _ = Self.library
        // Treated like any other failed allocation in Swift: without this thread no provider can be reached.
        guard let multi = curl_multi_init() else { fatalError("out of memory for libcurl") }
        self.multi = multi
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let failure = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<TransferLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context)
        guard failure == 0 else { fatalError("no thread for libcurl: \(String(cString: strerror(failure)))") }
        pthread_detach(thread)
    }

    /// curl_global_init(3) must run once, before any other libcurl function.
    private static let library: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    func start(_ transfer: Transfer) { submit(.start(transfer)) }

    func cancel(_ transfer: Transfer) { submit(.cancel(transfer)) }

    /// Ends the thread after the running transfers, and closes each connection as soon as it is idle.
    func retire() { submit(.retire) }

    /// Ends the thread and every transfer.
    func stop() { submit(.stop) }

    private func submit(_ order: Order) {
        let isStopped = state.withLock { state in
            if !state.isStopped { state.orders.append(order) }
            // Under the lock: after a stop the thread frees the handle.
            if !state.isStopped { curl_multi_wakeup(multi) }
            return state.isStopped
        }
        if isStopped, case .start(let transfer) = order { transfer.finish(.failure(.cancelled)) }
    }

    private func run() {
        var active: [UnsafeMutableRawPointer: Transfer] = [:]
        var isRetiring = false
        while execute(&active, &isRetiring) {
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            if collect(&active) { DeadStack.clear() }
            if isRetiring && active.isEmpty { break }
            curl_multi_poll(multi, nil, 0, Self.longestPoll, nil)
        }
        for transfer in active.values { end(transfer, .failure(.cancelled)) }
        refuseLater()
        curl_multi_cleanup(multi)
    }

    /// Executes the orders; false when the thread must end.
    private func execute(
        _ active: inout [UnsafeMutableRawPointer: Transfer], _ isRetiring: inout Bool
    ) -> Bool {
        let orders = state.withLock { state in
            defer { state.orders = [] }
            return state.orders
        }
        var goesOn = true
        for order in orders {
            switch order {
            case .start(let transfer):
                guard !transfer.isCancelled else {
                    transfer.finish(.failure(.cancelled))
                    continue
                }
                guard lookups.allowsAnother(of: transfer.host) else {
                    transfer.finish(.failure(.unreachable("the name look-ups of \(transfer.host) hang")))
                    continue
                }
                switch transfer.prepare() {
                case .failure(let failure): transfer.finish(.failure(failure))
                case .success(let easy):
                    active[easy] = transfer
                    if isRetiring { ccurl_set_long(easy, CURLOPT_FORBID_REUSE, 1) }
                    curl_multi_add_handle(multi, easy)
                }
            case .cancel(let transfer):
                transfer.isCancelled = true
                if let easy = transfer.easy { active[easy] = nil }
                if transfer.isLookingUp { lookups.add(transfer.host) }
                end(transfer, .failure(.cancelled))
            case .retire:
                isRetiring = true
                for easy in active.keys { ccurl_set_long(easy, CURLOPT_FORBID_REUSE, 1) }
            case .stop:
                goesOn = false
            }
        }
        return goesOn
    }

    private func refuseLater() {
        let late = state.withLock { state in
            state.isStopped = true
            defer { state.orders = [] }
            return state.orders
        }
        for case .start(let transfer) in late { transfer.finish(.failure(.cancelled)) }
    }

    /// Finishes the transfers that libcurl has completed, and returns whether there were any.
    private func collect(_ active: inout [UnsafeMutableRawPointer: Transfer]) -> Bool {
        var left: Int32 = 0
        var hasEnded = false
        while let message = curl_multi_info_read(multi, &left) {
            var code = CURLE_OK
            guard let easy = ccurl_message(message, &code), let transfer = active.removeValue(forKey: easy) else {
                continue
            }
            if code == CURLE_OPERATION_TIMEDOUT, transfer.isLookingUp { lookups.add(transfer.host) }
            end(transfer, transfer.result(code))
            hasEnded = true
        }
        return hasEnded
    }

    private func end(_ transfer: Transfer, _ result: Result<HTTPResponse, TransportFailure>) {
        if let easy = transfer.easy { curl_multi_remove_handle(multi, easy) }
        transfer.release()
        transfer.finish(result)
    }
}
