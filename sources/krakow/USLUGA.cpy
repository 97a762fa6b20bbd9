      * What is subscribed on a line.
       01  USLUGA-REC.
           05  USLUGA-NR           PIC 9(12).
           05  KONTO-NR            PIC 9(10).
           05  LINIA-NR            PIC 9(11).
           05  TARYFA              PIC X(5).
           05  OPLATA-MIES         PIC S9(5)V99 COMP-3.
           05  DATA-OD             PIC 9(7) COMP-3.
           05  DATA-DO             PIC 9(7) COMP-3.
