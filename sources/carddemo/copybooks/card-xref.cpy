      * Which card belongs to which account and customer, 50 bytes.
       01  CARD-XREF-RECORD.
           05  CARD-NUM                PIC X(16).
           05  CUST-ID                 PIC 9(9).
           05  CUST-NO REDEFINES CUST-ID
                                       PIC X(9).
           05  ACCT-ID                 PIC 9(11).
           05  ACCT-NO REDEFINES ACCT-ID
                                       PIC X(11).
           05  FILLER                  PIC X(14).
