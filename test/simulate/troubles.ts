// What is wrong with the cluster for a while; everything of it ends when the simulation heals.
export class Troubles {
  /** Metrics vanish: no data, or no connection. */
  metricsDown = false;
  /** Whoever has to confirm something does not. */
  gatesClosed = false;
  /** The controller of the route refuses it. */
  routeRejected = false;
  /** An admission policy refuses all that Serin writes, but the Canary itself. */
  refusing = false;
  /** There is no room for pods beside those of target and primary. */
  noRoom = false;
  /** The gateway accepts every route, and goes on sending everything to the primary. */
  deaf = false;
  /** Somebody reaches the canary through the gateway, whatever its route says. */
  straying = false;
  /** The kind of the route is not installed. */
  notServed = false;

  end(): void {
    this.metricsDown = false;
    this.gatesClosed = false;
    this.routeRejected = false;
    this.refusing = false;
    this.noRoom = false;
    this.notServed = false;
    this.deaf = false;
    this.straying = false;
  }
}
