package import RPC

extension Router {
  /// Passes every call on as it is, the way a gateway does.
  package static func proxy(to client: RPCClient) -> Router {
    var router = Router()
    router.fallback { requests, responses, call in
      let options = CallOptions(metadata: call.metadata)
      try await client.raw(path: call.path, options: options) { upstream, downstream in
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            for try await message in requests { try await upstream.send(message) }
            try await upstream.finish()
          }
          call.setInitialMetadata(try await downstream.initialMetadata)
          try await responses.sendInitialMetadata()
          for try await message in downstream { try await responses.send(message) }
          call.setTrailingMetadata(await downstream.trailingMetadata)
          group.cancelAll()
        }
      }
    }
    return router
  }
}
