import { pinwireSubject } from "../pinwire.js";
import { wideService } from "../wide-service.js";

export const subject = {
  ...pinwireSubject("direct", "the direct transport with a thousand methods more in the service", {
    service: wideService(),
  }),
  onRequest: true,
};
