// node-forge's types describe the whole package only. Loading just this part costs 8 ms instead of 57.
declare module "node-forge/lib/asn1.js" {
  import { asn1 } from "node-forge";

  export = asn1;
}
