       01  SUBSCRIBER-REC.
           05  CUST-NO                  PIC 9(10).
           05  NAME                     PIC X(40).
           05  BALANCE                  PIC S9(9)V99 COMP-3.
