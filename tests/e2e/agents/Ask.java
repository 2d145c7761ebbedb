// What Java's own clients make of a workroom's variables; nothing here names a proxy or a store.
// Usage: Ask URL WEBSOCKET-URL PASS-HEADER PASS. SPDX-License-Identifier: Apache-2.0
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

class Ask {
  public static void main(String[] a) throws Exception {
    HttpURLConnection old = (HttpURLConnection) URI.create(a[0]).toURL().openConnection();
    old.setRequestProperty(a[2], a[3]);
    System.out.println("HttpURLConnection " + old.getResponseCode());
    HttpClient client = HttpClient.newHttpClient();
    HttpRequest request = HttpRequest.newBuilder(URI.create(a[0])).header(a[2], a[3]).build();
    HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
    System.out.println("HttpClient " + answer.version() + " " + answer.statusCode());
    CompletableFuture<String> first = new CompletableFuture<>();
    WebSocket socket = client.newWebSocketBuilder().header(a[2], a[3])
        .buildAsync(URI.create(a[1]), new WebSocket.Listener() {
          public CompletionStage<?> onText(WebSocket from, CharSequence text, boolean isLast) {
            first.complete("message");
            from.request(1);
            return null;
          }
          public CompletionStage<?> onBinary(WebSocket from, java.nio.ByteBuffer data, boolean isLast) {
            first.complete("message");
            from.request(1);
            return null;
          }
          public void onError(WebSocket from, Throwable error) {
            first.completeExceptionally(error);
          }
        }).join();
    System.out.println("WebSocket " + first.join());
    socket.abort();
    System.exit(0);
  }
}
